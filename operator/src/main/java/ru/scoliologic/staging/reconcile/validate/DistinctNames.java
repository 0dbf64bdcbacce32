package ru.scoliologic.staging.reconcile.validate;

import io.fabric8.generator.annotation.ValidationRule;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** A rule of the schema that no two items of a list have one name, read from its CEL expression. */
record DistinctNames(boolean ignoringCase) {
  private static final Pattern CEL =
      Pattern.compile(
          "self\\.all\\((\\w+), self\\.exists_one\\((\\w+),"
              + " \\2\\.name(\\.lowerAscii\\(\\))? == \\1\\.name(\\.lowerAscii\\(\\))?\\)\\)");

  static Optional<DistinctNames> of(ValidationRule rule) {
    var cel = CEL.matcher(rule.value());
    return cel.matches() ? Optional.of(new DistinctNames(cel.group(3) != null)) : Optional.empty();
  }

  /** The part of a name by which it must differ. */
  String compared(String name) {
    return ignoringCase ? name.toLowerCase(Locale.ROOT) : name;
  }
}
