/** Telling people, and GitHub, how versions fare. */
package ru.scoliologic.staging.notification;
