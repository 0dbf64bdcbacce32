package ru.scoliologic.staging.reconcile.check;

import java.util.Arrays;
import java.util.stream.Collectors;

/** Everything that the result of checks depends on: another subject is checked again. */
public record CheckSubject(String value) {
  static CheckSubject of(Object... parts) {
    return new CheckSubject(
        Arrays.stream(parts).map(String::valueOf).collect(Collectors.joining("/")));
  }
}
