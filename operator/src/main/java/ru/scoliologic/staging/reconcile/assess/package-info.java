/** Computes stage results from a snapshot, a plan and the outcomes of checks. No I/O. */
package ru.scoliologic.staging.reconcile.assess;
