/** Validates a spec before anything is read or changed. No I/O. */
package ru.scoliologic.staging.reconcile.validate;
