/** PostgreSQL. */
package ru.scoliologic.staging.postgres;
