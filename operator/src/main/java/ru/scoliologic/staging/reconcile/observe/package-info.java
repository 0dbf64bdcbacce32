/** Reads the input of a pass: caches of watches, and monitors of state that no watch covers. */
package ru.scoliologic.staging.reconcile.observe;
