/**
 * The custom resources, from which {@code crds/} is generated.
 *
 * <p>Types here hold intent and observation, no behaviour but defaulting; they import nothing of
 * the project. Every default is written once, as a constant that both the schema and the record's
 * constructor use, so that a manifest reads the same with and without an API server.
 */
package ru.scoliologic.staging.api;
