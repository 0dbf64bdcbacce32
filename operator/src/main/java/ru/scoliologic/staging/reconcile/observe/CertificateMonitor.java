package ru.scoliologic.staging.reconcile.observe;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import ru.scoliologic.staging.api.IngressSpec;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.kube.Names;
import ru.scoliologic.staging.cluster.model.CertificateAuthority;
import ru.scoliologic.staging.cluster.model.OwnedObjects;
import ru.scoliologic.staging.infrastructure.Claims;
import ru.scoliologic.staging.validation.CertificateProbe;

/**
 * Decides when the served certificates are probed: every 2 seconds while one is missing, every 5
 * minutes when it is there, every 5 seconds when the server does not answer. An ingress that drops
 * packets delays a pass by one limit, however many domains it has.
 */
final class CertificateMonitor {
  private static final Duration MISSING = Duration.ofSeconds(2);
  private static final Duration SILENT = Duration.ofSeconds(5);
  private static final Duration ISSUED = Duration.ofMinutes(5);

  private static final Duration LIMIT = Duration.ofSeconds(5);

  private final Probe probe;
  private final Duration limit;
  private final Clock clock;
  private final EnvironmentMemories.Slot<Map<Subject, Last>> seen;

  CertificateMonitor(Clock clock, EnvironmentMemories memories) {
    this(clock, new CertificateProbe(clock)::issued, LIMIT, memories);
  }

  /**
   * Uses a custom probe.
   *
   * @param limit for one poll of all domains
   */
  CertificateMonitor(Clock clock, Probe probe, Duration limit, EnvironmentMemories memories) {
    this.clock = clock;
    this.probe = probe;
    this.limit = limit;
    this.seen = memories.slot();
  }

  /** Probes one domain. */
  @FunctionalInterface
  interface Probe {
    /** See {@link CertificateProbe#issued}. */
    Optional<Boolean> issued(
        String address, String domain, IngressSpec.Server server, String caBundle);
  }

  /** By domain, whether the authority in use has issued; a domain without an answer is absent. */
  Map<String, Boolean> look(
      StagingEnvironment environment, OwnedObjects owned, List<String> addresses, String caBundle) {
    var authority = CertificateAuthority.inUse(environment);
    if (environment.getSpec().ingress().sharesController()
        || addresses.isEmpty()
        || !serves(environment, owned, authority)) {
      return Map.of();
    }
    var address = addresses.getFirst();
    var subjects =
        Claims.served(environment).stream()
            .map(domain -> new Subject(domain, authority.resolver() + "@" + address))
            .toList();
    var known = seen.get(environment.getMetadata().getUid(), ConcurrentHashMap::new);
    var due = subjects.stream().filter(subject -> isDue(known.get(subject))).toList();
    var answers =
        ask(
            due.stream()
                .<Callable<Optional<Boolean>>>map(subject ->
                    () -> probe.issued(address, subject.domain(), authority.server(), caBundle))
                .toList());
    for (int i = 0; i < due.size(); i++) {
      known.put(due.get(i), Last.of(answers.get(i).orElse(null), clock.instant()));
    }
    var found = new HashMap<String, Boolean>();
    for (var subject : subjects) {
      var issued = known.get(subject).issued();
      if (issued != null) {
        found.put(subject.domain(), issued);
      }
    }
    return found;
  }

  private boolean isDue(Last last) {
    return last == null || !clock.instant().isBefore(last.due());
  }

  /** Runs all at once; a probe that exceeds the limit counts as no answer. */
  private List<Optional<Boolean>> ask(List<Callable<Optional<Boolean>>> questions) {
    try (var pool = Executors.newVirtualThreadPerTaskExecutor()) {
      return pool.invokeAll(questions, limit.toMillis(), TimeUnit.MILLISECONDS).stream()
          .map(answer ->
              switch (answer.state()) {
                case SUCCESS -> answer.resultNow();
                case FAILED -> throw new IllegalStateException(answer.exceptionNow());
                default -> Optional.<Boolean>empty();
              })
          .toList();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while checking certificates", e);
    }
  }

  /** Whether Traefik runs with that authority: a pod being replaced serves the last one's. */
  private static boolean serves(
      StagingEnvironment environment, OwnedObjects owned, CertificateAuthority authority) {
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

  private record Subject(String domain, String authority) {}

  /**
   * The last result.
   *
   * @param issued null when the server did not respond
   */
  private record Last(Boolean issued, Instant due) {
    static Last of(Boolean issued, Instant now) {
      return new Last(issued, now.plus(issued == null ? SILENT : issued ? ISSUED : MISSING));
    }
  }
}
