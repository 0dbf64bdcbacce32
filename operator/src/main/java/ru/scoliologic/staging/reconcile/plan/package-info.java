/** Computes every object of an environment from a snapshot and a spec. No I/O. */
package ru.scoliologic.staging.reconcile.plan;
