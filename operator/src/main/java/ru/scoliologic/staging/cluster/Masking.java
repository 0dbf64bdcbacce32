package ru.scoliologic.staging.cluster;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** Removes known secret values from text that people will read. */
public final class Masking {
  private static final int SHORTEST = 4;
  private final List<String> values;

  /** Values shorter than four characters are too common to be searched for. */
  public Masking(Collection<String> secrets) {
    values =
        secrets.stream()
            .filter(value -> value.length() >= SHORTEST)
            .distinct()
            .sorted(Comparator.comparingInt(String::length).reversed())
            .toList();
  }

  public String mask(String text) {
    var masked = text;
    for (var value : values) {
      masked = masked.replace(value, "***");
    }
    return masked;
  }
}
