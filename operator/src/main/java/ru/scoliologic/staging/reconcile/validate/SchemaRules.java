package ru.scoliologic.staging.reconcile.validate;

import com.google.re2j.Pattern;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.Amount;

/**
 * Checks a part of the spec against the annotations that the schema is generated from, and every
 * record in it against {@link CrossFieldRules}.
 */
final class SchemaRules {
  static final String MISSING = " is missing: see `kubectl explain stenv.spec`";

  /** Read once per class, for every pass validates. */
  private static final ClassValue<List<Field>> FIELDS =
      new ClassValue<>() {
        @Override
        protected List<Field> computeValue(Class<?> type) {
          return Stream.of(type.getRecordComponents()).map(Field::of).toList();
        }
      };

  private static final Limits AMOUNT =
      Limits.ofText(
          Amount.MAX_LENGTH, new TextRule(Pattern.compile(Amount.PATTERN), false, Amount.MESSAGE));

  private final Set<String> problems = new LinkedHashSet<>();

  private SchemaRules() {}

  /** Every problem of a part of the spec, located at the given path or below it. */
  static List<String> problems(String path, Record part) {
    var rules = new SchemaRules();
    rules.record(path, part);
    return List.copyOf(rules.problems);
  }

  private void record(String path, Record part) {
    for (var field : FIELDS.get(part.getClass())) {
      value(path + "." + field.name(), field.of(part), field.limits());
    }
    CrossFieldRules.check(path, part, problems::add);
  }

  private void value(String path, Object value, Limits limits) {
    switch (value) {
      case null -> {
        if (limits.required()) {
          problems.add(path + MISSING);
        }
      }
      case String text -> text(path, text, limits);
      case Number number -> number(path, number.longValue(), limits.number());
      case List<?> list -> list(path, list, limits);
      case Map<?, ?> map -> map.forEach((key, item) -> value(at(path, key), item, limits.items()));
      case ResourceRequirements resources -> {
        amounts(path + ".requests", resources.getRequests());
        amounts(path + ".limits", resources.getLimits());
      }
      case Record record -> record(path, record);
      // Enums and booleans have only good values, and other types are Kubernetes' own.
      default -> {}
    }
  }

  private void text(String path, String text, Limits limits) {
    int length = text.codePointCount(0, text.length());
    // One that is too long is not quoted.
    var broken = length > limits.size().max() ? Optional.<TextRule>empty() : limits.brokenBy(text);
    if ((text.isEmpty() && limits.size().min() > 0) || (text.isBlank() && broken.isPresent())) {
      problems.add(path + MISSING);
    } else if (broken.isPresent()) {
      problems.add(broken.get().problem(path, text));
    } else {
      size(path, length, "characters", limits.size());
    }
  }

  private void number(String path, long number, Limits.Range range) {
    if (number < range.min() || number > range.max()) {
      problems.add(
          "%s: %d is out of range: give a number from %d to %d"
              .formatted(path, number, range.min(), range.max()));
    }
  }

  private void list(String path, List<?> list, Limits limits) {
    if (list.isEmpty() && limits.size().min() > 0) {
      problems.add(path + MISSING);
    }
    size(path, list.size(), "entries", limits.size());
    var names = new HashSet<String>();
    for (var item : list) {
      var name = name(item);
      if (!name.isEmpty()
          && limits.distinct().filter(rule -> !names.add(rule.compared(name))).isPresent()) {
        problems.add(at(path, name) + " is listed twice: every name may stand once");
      }
      value(item instanceof Record ? at(path, name) : path, item, limits.items());
    }
  }

  private void size(String path, int found, String unit, Limits.Range allowed) {
    if (found > allowed.max()) {
      problems.add(
          "%s has %d %s: %d at most, shorten it".formatted(path, found, unit, allowed.max()));
    } else if (found > 0 && found < allowed.min()) {
      problems.add(
          "%s has %d %s: %d at least, lengthen it".formatted(path, found, unit, allowed.min()));
    }
  }

  private void amounts(String path, Map<String, Quantity> amounts) {
    Objects.requireNonNullElse(amounts, Map.<String, Quantity>of())
        .forEach((kind, amount) -> text(at(path, kind), Objects.toString(amount, ""), AMOUNT));
  }

  /** Identifies an item: its first field, if that is a required text. */
  private static String name(Object item) {
    if (!(item instanceof Record part)) {
      return "";
    }
    var first = FIELDS.get(part.getClass()).getFirst();
    return first.limits().required() && first.of(part) instanceof String text ? text : "";
  }

  private static String at(String path, Object key) {
    return "%s[%s]".formatted(path, key);
  }

  private record Field(String name, Method accessor, Limits limits) {
    static Field of(RecordComponent component) {
      try {
        var declared = component.getDeclaringRecord().getDeclaredField(component.getName());
        return new Field(component.getName(), component.getAccessor(), Limits.of(declared));
      } catch (NoSuchFieldException e) {
        throw new IllegalStateException("a record has a field for each component", e);
      }
    }

    Object of(Record part) {
      try {
        return accessor.invoke(part);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("the spec's records are public", e);
      }
    }
  }
}
