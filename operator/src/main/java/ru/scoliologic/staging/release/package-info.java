/** Releases: which version is wanted, the status of each, and the decisions of users about it. */
package ru.scoliologic.staging.release;
