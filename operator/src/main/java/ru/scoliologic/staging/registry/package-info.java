/** The registry that keeps the images of commits. */
package ru.scoliologic.staging.registry;
