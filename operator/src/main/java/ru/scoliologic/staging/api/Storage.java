package ru.scoliologic.staging.api;

/** The rules of a volume's size, shared by every field that holds one. */
public final class Storage {
  public static final String PATTERN = "^[1-9][0-9]{0,6}(Mi|Gi|Ti)$";
  public static final String MESSAGE =
      "is not a volume size: give a whole number with Mi, Gi or Ti, for example 20Gi";
  static final String RULE = "self.matches('" + PATTERN + "')";

  private Storage() {}
}
