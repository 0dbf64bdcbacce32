/** Writes the results of a pass: status, releases, events and notifications. */
package ru.scoliologic.staging.reconcile.publish;
