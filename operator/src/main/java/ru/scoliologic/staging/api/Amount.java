package ru.scoliologic.staging.api;

/**
 * The rules of a quantity of CPU, memory or devices, shared by every {@code resources} block: as in
 * Kubernetes, without exponents that make a few characters a number of millions of digits.
 */
public final class Amount {
  public static final int MAX_LENGTH = 32;
  public static final String PATTERN =
      "^\\+?([0-9]{1,15}(\\.[0-9]{0,9})?|\\.[0-9]{1,9})(n|u|m|k|Ki|[MGTPE]i?|[eE][+-]?[0-9]{1,2})?$";
  public static final String MESSAGE =
      "is not an amount: give a number that is not negative, with a unit where there is one, for"
          + " example 500m, 2 or 512Mi";

  private Amount() {}
}
