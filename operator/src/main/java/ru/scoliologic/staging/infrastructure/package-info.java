/** Stage 1: capacity, storage, the public address, DNS records, and the owners of domains. */
package ru.scoliologic.staging.infrastructure;
