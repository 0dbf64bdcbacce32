/** Finds the line of a program's log with the cause of its failure. */
package ru.scoliologic.staging.cluster.log;
