/** The operator's metrics. */
package ru.scoliologic.staging.reconcile.telemetry;
