package ru.scoliologic.staging.cluster.model;

/**
 * Identifies all inputs of a version except its image; a failed version is not tried again with it.
 */
public record ConfigurationHash(String value) {
  @Override
  public String toString() {
    return value;
  }
}
