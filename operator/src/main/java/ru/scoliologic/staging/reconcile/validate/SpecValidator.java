package ru.scoliologic.staging.reconcile.validate;

import com.google.re2j.Pattern;
import java.util.ArrayList;
import java.util.List;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.reconcile.observe.ReferencedObjects;

/**
 * Repeats the rules of the schema: an object may be stored under an older, laxer schema, or come
 * from a file, as for {@code render}.
 */
public final class SpecValidator {
  private static final Pattern NAME = Pattern.compile(StagingEnvironment.NAME_PATTERN);

  private SpecValidator() {}

  /** Every problem, each naming the field, the error in its value, and the remedy. */
  public static List<String> problems(StagingEnvironment environment) {
    var spec = environment.getSpec();
    if (spec == null) {
      return List.of("spec" + SchemaRules.MISSING);
    }
    var problems = new ArrayList<>(nameProblems(environment.getMetadata().getName()));
    problems.addAll(SchemaRules.problems("spec", spec));
    if (problems.isEmpty() && ReferencedObjects.count(environment) > ReferencedObjects.MOST) {
      problems.add(
          "spec names %d different Secrets and ConfigMaps, %d at most: each is watched; keep several keys in one of them"
              .formatted(ReferencedObjects.count(environment), ReferencedObjects.MOST));
    }
    return problems;
  }

  private static List<String> nameProblems(String name) {
    if (name.length() > StagingEnvironment.MAX_NAME) {
      return List.of(StagingEnvironment.MAX_NAME_MESSAGE);
    }
    return NAME.matches(name) ? List.of() : List.of(StagingEnvironment.NAME_MESSAGE);
  }
}
