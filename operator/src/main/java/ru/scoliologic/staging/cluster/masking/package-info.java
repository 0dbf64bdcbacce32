/** Removes secret values from text that people read. */
package ru.scoliologic.staging.cluster.masking;
