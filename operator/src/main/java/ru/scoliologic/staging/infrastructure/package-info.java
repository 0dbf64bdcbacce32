/** Stage 1: room, storage, the public address, DNS records, and who holds a domain. */
package ru.scoliologic.staging.infrastructure;
