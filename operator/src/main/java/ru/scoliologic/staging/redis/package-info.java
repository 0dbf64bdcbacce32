/** Redis. */
package ru.scoliologic.staging.redis;
