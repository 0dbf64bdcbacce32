package ru.scoliologic.staging.reconcile;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.CertificateAuthority;
import ru.scoliologic.staging.cluster.Names;
import ru.scoliologic.staging.cluster.Observed;
import ru.scoliologic.staging.infrastructure.Claims;
import ru.scoliologic.staging.validation.CertificateProbe;

/**
 * Decides when the served certificates are looked at: every 2 seconds while one is missing, every 5
 * minutes when it is there, every 5 seconds when nobody answers.
 */
final class CertificateWatch {
  private static final Duration MISSING = Duration.ofSeconds(2);
  private static final Duration SILENT = Duration.ofSeconds(5);
  private static final Duration ISSUED = Duration.ofMinutes(5);

  private final CertificateProbe probe;
  private final Clock clock;
  private final Map<Subject, Last> seen = new ConcurrentHashMap<>();

  CertificateWatch(Clock clock) {
    this.probe = new CertificateProbe(clock);
    this.clock = clock;
  }

  /** By domain, whether the authority in use has issued; a domain nobody answers for is absent. */
  Map<String, Boolean> look(
      StagingEnvironment environment, Observed owned, List<String> addresses, String caBundle) {
    var authority = CertificateAuthority.inUse(environment);
    if (environment.getSpec().ingress().sharesController()
        || addresses.isEmpty()
        || !serves(environment, owned, authority)) {
      return Map.of();
    }
    var found = new HashMap<String, Boolean>();
    for (var domain : Claims.served(environment)) {
      var subject =
          new Subject(
              environment.getMetadata().getUid(),
              domain,
              authority.resolver() + "@" + addresses.getFirst());
      var last = seen.get(subject);
      if (last == null || !clock.instant().isBefore(last.due())) {
        var issued =
            probe.issued(addresses.getFirst(), domain, authority.server(), caBundle).orElse(null);
        var wait = issued == null ? SILENT : issued ? ISSUED : MISSING;
        last = new Last(issued, clock.instant().plus(wait));
        seen.put(subject, last);
      }
      if (last.issued() != null) {
        found.put(domain, last.issued());
      }
    }
    return found;
  }

  /** Whether Traefik runs with that authority: one that is on its way out serves the last one's. */
  private static boolean serves(
      StagingEnvironment environment, Observed owned, CertificateAuthority authority) {
    return owned
        .find(Deployment.class, Names.of(environment).traefik())
        .filter(d -> d.getStatus() != null)
        .filter(d ->
            Objects.equals(d.getStatus().getObservedGeneration(), d.getMetadata().getGeneration()))
        .filter(d -> Objects.equals(d.getStatus().getUpdatedReplicas(), 1))
        .filter(d -> Objects.equals(d.getStatus().getAvailableReplicas(), 1))
        .filter(d ->
            d.getSpec().getTemplate().getSpec().getContainers().stream()
                .flatMap(c -> c.getArgs().stream())
                .anyMatch(arg -> arg.contains("." + authority.resolver() + ".")))
        .isPresent();
  }

  /** Forgets environments that are gone. */
  void keepOnly(Set<String> uids) {
    seen.keySet().removeIf(subject -> !uids.contains(subject.uid()));
  }

  private record Subject(String uid, String domain, String authority) {}

  /**
   * What was seen.
   *
   * @param issued null when nobody answered
   */
  private record Last(Boolean issued, Instant due) {}
}
