/**
 * Decides what is built and reports it; the port {@link
 * ru.scoliologic.staging.agent.build.ImageBuilder}.
 */
package ru.scoliologic.staging.agent.build;
