package ru.scoliologic.staging.infrastructure;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.StagingEnvironment;

/**
 * Assigns domains to environments: a holder keeps its domain; a free one goes to the oldest
 * environment that requests it.
 */
public final class Claims {
  private static final Comparator<StagingEnvironment> BY_AGE =
      Comparator.comparing((StagingEnvironment e) -> e.getMetadata().getCreationTimestamp())
          .thenComparing(e -> e.getMetadata().getNamespace())
          .thenComparing(e -> e.getMetadata().getName());

  private Claims() {}

  /** The domains that an environment requests. */
  public static List<String> asked(StagingEnvironment environment) {
    var domains = environment.getSpec().domains();
    return Stream.of(domains.app(), domains.traefik(), domains.grafana())
        .filter(Objects::nonNull)
        .toList();
  }

  /** The requested domains that are served, and so need a record and a certificate. */
  public static List<String> served(StagingEnvironment environment) {
    var domains = environment.getSpec().domains();
    return Stream.of(
            domains.app(),
            environment.getSpec().ingress().sharesController() ? null : domains.traefik(),
            environment.getSpec().grafana().map(g -> domains.grafana()).orElse(null))
        .filter(Objects::nonNull)
        .distinct()
        .toList();
  }

  /** A sentence naming the domain and its holder, when another environment has a requested one. */
  public static Optional<String> lost(
      StagingEnvironment environment, List<StagingEnvironment> others) {
    return asked(environment).stream()
        .flatMap(domain ->
            others.stream()
                .filter(other -> !other.isMarkedForDeletion())
                .filter(other -> wins(other, environment, domain))
                .map(other ->
                    "domain %s belongs to StagingEnvironment %s"
                        .formatted(domain, nameOf(other.getMetadata()))))
        .findFirst();
  }

  private static boolean wins(StagingEnvironment other, StagingEnvironment self, String domain) {
    boolean otherHolds = holds(other, domain);
    boolean selfHolds = holds(self, domain);
    if (otherHolds != selfHolds) {
      return otherHolds;
    }
    return (otherHolds || asks(other, domain)) && BY_AGE.compare(other, self) < 0;
  }

  private static boolean holds(StagingEnvironment environment, String domain) {
    return environment.getStatus() != null
        && environment.getStatus().claims() != null
        && environment.getStatus().claims().contains(domain);
  }

  private static boolean asks(StagingEnvironment environment, String domain) {
    return Stream.of(environment)
        .filter(e -> e.getSpec() != null && e.getSpec().domains() != null)
        .anyMatch(e -> asked(e).contains(domain));
  }

  private static String nameOf(ObjectMeta metadata) {
    return metadata.getNamespace() + "/" + metadata.getName();
  }
}
