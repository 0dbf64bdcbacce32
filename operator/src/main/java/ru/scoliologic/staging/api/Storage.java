package ru.scoliologic.staging.api;

/** The rules of a volume's size, shared by every field that holds one. */
public final class Storage {
  public static final String PATTERN = "^[1-9][0-9]{0,6}(Mi|Gi|Ti)$";
  public static final String MESSAGE =
      "is not a volume size: give a whole number with Mi, Gi or Ti, for example 20Gi";
  static final String RULE = "self.matches('" + PATTERN + "')";
  static final String GROWS =
      "!self.matches('"
          + PATTERN
          + "') || !oldSelf.matches('"
          + PATTERN
          + "') ||"
          + " quantity(self).compareTo(quantity(oldSelf)) >= 0";
  static final String GROWS_MESSAGE = "a volume cannot shrink: keep the size or give a larger one";

  private Storage() {}
}
