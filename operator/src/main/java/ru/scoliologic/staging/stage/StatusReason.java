package ru.scoliologic.staging.stage;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** A reason that a status gives for a state, with its cause and its cure. Names are stable. */
public interface StatusReason {
  /** The constant's name, for example STORAGE_CLASS_NOT_FOUND. */
  String name();

  String cause();

  String cure();

  /** The name that users see, for example StorageClassNotFound. */
  default String camelCase() {
    return Arrays.stream(name().split("_"))
        .map(word -> word.charAt(0) + word.substring(1).toLowerCase(Locale.ROOT))
        .collect(Collectors.joining());
  }
}
