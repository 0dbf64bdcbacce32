/**
 * The throwaway cluster: one k3s node in a container, for {@code make run} and for every test that
 * needs a real API server. Where an image registry answers it is k3s itself, else the stand-in of
 * the same name.
 */
package ru.scoliologic.staging.throwaway;
