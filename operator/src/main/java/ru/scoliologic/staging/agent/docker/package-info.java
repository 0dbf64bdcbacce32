/** Builds on a Docker engine. */
package ru.scoliologic.staging.agent.docker;
