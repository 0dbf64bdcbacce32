/** Logs in to registries and removes old images. */
package ru.scoliologic.staging.agent.registry;
