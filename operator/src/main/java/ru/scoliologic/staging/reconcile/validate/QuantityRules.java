package ru.scoliologic.staging.reconcile.validate;

import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import ru.scoliologic.staging.api.Amount;

/**
 * The schema's rule for every {@code resources} block; see {@link SpecValidator}. It walks the
 * whole spec, so that a new component cannot be missed.
 */
final class QuantityRules {
  private static final Pattern GOOD = Pattern.compile(Amount.PATTERN);
  private static final int SHOWN = 40;

  private final List<String> problems = new ArrayList<>();

  private QuantityRules() {}

  /** Every problem of a part of the spec, located at the given field. */
  static List<String> problems(String field, Object part) {
    var rules = new QuantityRules();
    rules.look(field, part);
    return rules.problems;
  }

  private void look(String field, Object part) {
    switch (part) {
      case ResourceRequirements resources -> {
        amounts(field + ".requests", resources.getRequests());
        amounts(field + ".limits", resources.getLimits());
      }
      case List<?> list -> list.forEach(item -> look(field + "[]", item));
      case Record record -> parts(field, record);
      case null, default -> {}
    }
  }

  private void parts(String field, Record record) {
    for (var component : record.getClass().getRecordComponents()) {
      try {
        look(field + "." + component.getName(), component.getAccessor().invoke(record));
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("the spec's records are public", e);
      }
    }
  }

  private void amounts(String field, Map<String, Quantity> amounts) {
    Objects.requireNonNullElse(amounts, Map.<String, Quantity>of())
        .forEach((kind, amount) -> {
          var text = amount == null ? "" : amount.toString();
          if (text.length() > Amount.MAX_LENGTH || !GOOD.matcher(text).matches()) {
            problems.add(
                "%s[%s]: '%s' %s"
                    .formatted(
                        field,
                        kind,
                        text.substring(0, Math.min(SHOWN, text.length())),
                        Amount.MESSAGE));
          }
        });
  }
}
