/** Finds the line of a program's log that says why it failed. */
package ru.scoliologic.staging.cluster.log;
