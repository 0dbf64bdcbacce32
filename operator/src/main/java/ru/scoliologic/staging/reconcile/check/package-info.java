/** Checks versions over the network, beside the serving one and through the ingress. */
package ru.scoliologic.staging.reconcile.check;
