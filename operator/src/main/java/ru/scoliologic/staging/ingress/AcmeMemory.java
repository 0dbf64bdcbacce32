package ru.scoliologic.staging.ingress;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.IngressSpec.Retry;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Acme;
import ru.scoliologic.staging.api.StagingEnvironmentStatus.Certificate;
import ru.scoliologic.staging.cluster.model.Snapshot;

/**
 * The orders of every authority for every domain. They are stored on the claim of the volume that
 * holds the certificates: there they outlive a switch of the authority, a domain that is removed
 * for a while and the environment itself, and end with the certificates.
 *
 * @param entries by authority and domain, as in {@code letsencrypt/app.example.org}
 */
record AcmeMemory(Map<String, Certificate> entries) {
  /**
   * On the claim, for example {@code
   * letsencrypt/app.example.org=2,2026-01-02T03:04:05Z,2026-01-02T04:04:05Z}: attempts, the time of
   * the last one, and when the next may begin or that there is a certificate.
   */
  static final String ANNOTATION = "staging.scoliologic.ru/acme-attempts";

  /** Three domains at some authorities; beyond, those with the oldest attempts are dropped. */
  static final int MOST = 24;

  private static final String ISSUED = "issued";
  private static final String NEVER = "-";
  private static final Pattern ENTRY =
      Pattern.compile(
          "(?<key>[^=/ ]+/(?<domain>[^= ]+))=(?<count>\\d{1,9}),(?<last>\\S+),(?<next>\\S+)");

  AcmeMemory {
    entries = Map.copyOf(entries);
  }

  /** Reads the annotation of the claim. */
  static AcmeMemory of(Snapshot snapshot) {
    var entries = new TreeMap<String, Certificate>();
    snapshot
        .owned()
        .find(PersistentVolumeClaim.class, snapshot.names().traefik())
        .map(claim -> claim.getMetadata().getAnnotations())
        .map(annotations -> annotations.get(ANNOTATION))
        .stream()
        .flatMap(text -> Stream.of(text.split(" ", -1)))
        .map(ENTRY::matcher)
        .filter(matcher -> matcher.matches())
        .forEach(entry ->
            read(
                    entry.group("domain"),
                    entry.group("count"),
                    entry.group("last"),
                    entry.group("next"))
                .ifPresent(certificate -> entries.put(entry.group("key"), certificate)));
    return new AcmeMemory(entries);
  }

  /** An entry that a user edited into something unreadable counts as absent. */
  private static Optional<Certificate> read(String domain, String count, String last, String next) {
    try {
      boolean issued = next.equals(ISSUED);
      return Optional.of(
          new Certificate(
              domain,
              issued,
              Integer.parseInt(count),
              last.equals(NEVER) ? null : Instant.parse(last).toString(),
              issued ? null : Instant.parse(next).toString(),
              null));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  Optional<Certificate> find(String authority, String domain) {
    return Optional.ofNullable(entries.get(key(authority, domain)));
  }

  /**
   * Adds the record of a status. An attempt under way counts as failed: an environment that returns
   * to it must not order again at once.
   */
  AcmeMemory with(Acme acme, Retry retry) {
    var all = new LinkedHashMap<>(entries);
    acme.domains().stream()
        .filter(c -> c.issued() || c.attempts() > 0)
        .map(c -> c.issued() || c.nextAttempt() != null ? c : AcmeBudget.spaced(c, retry))
        .forEach(c -> all.put(key(acme.authority(), c.domain()), c));
    var asked = acme.domains().stream().map(c -> key(acme.authority(), c.domain())).toList();
    return new AcmeMemory(
        all.entrySet().stream()
            .sorted(
                Comparator.<Map.Entry<String, Certificate>, Boolean>comparing(
                        e -> !asked.contains(e.getKey()))
                    .thenComparing(
                        e -> Objects.requireNonNullElse(e.getValue().lastAttempt(), ""),
                        Comparator.reverseOrder())
                    .thenComparing(Map.Entry::getKey))
            .limit(MOST)
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)));
  }

  /** For the annotation; empty when there is nothing to store. */
  String text() {
    return new TreeMap<>(entries)
        .entrySet().stream()
            .map(e ->
                "%s=%d,%s,%s"
                    .formatted(
                        e.getKey(),
                        e.getValue().attempts(),
                        Objects.requireNonNullElse(e.getValue().lastAttempt(), NEVER),
                        e.getValue().issued() ? ISSUED : e.getValue().nextAttempt()))
            .collect(Collectors.joining(" "));
  }

  private static String key(String authority, String domain) {
    return authority + "/" + domain;
  }
}
