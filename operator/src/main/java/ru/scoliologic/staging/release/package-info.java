/** Releases: which version is wanted, how each one fared, and what people decided about it. */
package ru.scoliologic.staging.release;
