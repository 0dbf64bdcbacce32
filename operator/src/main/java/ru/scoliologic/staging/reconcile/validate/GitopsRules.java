package ru.scoliologic.staging.reconcile.validate;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;
import ru.scoliologic.staging.api.Build;
import ru.scoliologic.staging.api.GitopsSpec;
import ru.scoliologic.staging.api.Registry;
import ru.scoliologic.staging.api.SharedIngress;
import ru.scoliologic.staging.api.Storage;

/** The schema's rules for {@code spec.gitops}; see {@link SpecValidator}. */
final class GitopsRules {
  private static final String FIELD = "spec.gitops";

  private final List<String> problems = new ArrayList<>();

  private GitopsRules() {}

  /** Every problem; empty when no branch is followed. */
  public static List<String> problems(GitopsSpec gitops) {
    var rules = new GitopsRules();
    if (gitops != null) {
      rules.gitops(gitops);
    }
    return rules.problems;
  }

  private void gitops(GitopsSpec gitops) {
    var repository = FIELD + ".repository";
    if (gitops.repository() != null
        && Pattern.matches(GitopsSpec.PASSWORD_PATTERN, gitops.repository())) {
      // Without the value, which holds a password.
      problems.add(repository + " " + GitopsSpec.PASSWORD_MESSAGE);
    } else {
      matches(
          repository,
          gitops.repository(),
          GitopsSpec.REPOSITORY_PATTERN,
          GitopsSpec.REPOSITORY_MESSAGE);
    }
    if (gitops.branch().isEmpty()
        || Pattern.compile(GitopsSpec.NOT_A_BRANCH).matcher(gitops.branch()).find()) {
      problems.add(
          "%s.branch: '%s' %s".formatted(FIELD, gitops.branch(), GitopsSpec.BRANCH_MESSAGE));
    }
    if (gitops.pin() != null) {
      matches(FIELD + ".pin", gitops.pin(), GitopsSpec.COMMIT_PATTERN, GitopsSpec.COMMIT_MESSAGE);
    }
    named(FIELD + ".credentials", gitops.credentials());
    build(gitops.build());
    registry(gitops.registry());
    if (gitops.build().engine().host() != null && gitops.ownRegistry()) {
      problems.add(FIELD + ": " + GitopsSpec.HOST_NEEDS_REGISTRY);
    }
    if (gitops.commitStatus() != null
        && !Pattern.matches("^https?://[^ ]+$", gitops.commitStatus().api())) {
      problems.add(
          "%s.commitStatus.api: '%s' %s"
              .formatted(FIELD, gitops.commitStatus().api(), GitopsSpec.CommitStatus.API_MESSAGE));
    }
  }

  private void build(Build build) {
    var field = FIELD + ".build.";
    matches(field + "dockerfile", build.dockerfile(), Build.PATH_PATTERN, Build.PATH_MESSAGE);
    matches(field + "context", build.context(), Build.PATH_PATTERN, Build.PATH_MESSAGE);
    var seen = new HashSet<String>();
    build
        .args()
        .forEach(argument -> {
          if (!seen.add(String.valueOf(argument.name()))) {
            problems.add(
                field + "args holds " + argument.name() + " twice: give each argument once");
          }
        });
    var engine = build.engine();
    if (engine.host() != null) {
      matches(
          field + "engine.host",
          engine.host(),
          Build.Engine.HOST_PATTERN,
          Build.Engine.HOST_MESSAGE);
    } else if (engine.tls() != null) {
      problems.add(field + "engine: " + Build.Engine.TLS_MESSAGE);
    }
    named(field + "engine.tls", engine.tls());
    matches(field + "engine.storage", engine.storage(), Storage.PATTERN, Storage.MESSAGE);
  }

  private void registry(Registry registry) {
    var field = FIELD + ".registry.";
    matches(field + "storage", registry.storage(), Storage.PATTERN, Storage.MESSAGE);
    if (registry.external() != null) {
      matches(
          field + "external.repository",
          registry.external().repository(),
          Registry.External.REPOSITORY_PATTERN,
          Registry.External.REPOSITORY_MESSAGE);
      named(field + "external.credentials", registry.external().credentials());
    }
  }

  private void named(String field, SharedIngress.SecretName secret) {
    if (secret != null && (secret.name() == null || secret.name().isBlank())) {
      problems.add(field + ".name is missing: see `kubectl explain stenv.spec`");
    }
  }

  private void matches(String field, String value, String pattern, String message) {
    if (value == null || value.isBlank()) {
      problems.add(field + " is missing: see `kubectl explain stenv.spec`");
    } else if (!Pattern.matches(pattern, value)) {
      problems.add("%s: '%s' %s".formatted(field, value, message));
    }
  }
}
