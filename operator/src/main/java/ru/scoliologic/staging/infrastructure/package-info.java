/** Stage 1: storage classes, the public address, and who holds a domain. */
package ru.scoliologic.staging.infrastructure;
