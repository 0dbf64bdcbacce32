/** A Kubernetes operator that runs staging environments. */
package ru.scoliologic.staging;
