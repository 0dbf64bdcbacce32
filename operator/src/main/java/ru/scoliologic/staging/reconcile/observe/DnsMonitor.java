package ru.scoliologic.staging.reconcile.observe;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import ru.scoliologic.staging.api.InfrastructureSpec.Mode;
import ru.scoliologic.staging.api.StagingEnvironment;
import ru.scoliologic.staging.cluster.model.ClusterFacts.DnsAnswer;
import ru.scoliologic.staging.infrastructure.Claims;
import ru.scoliologic.staging.infrastructure.DnsLookup;
import ru.scoliologic.staging.infrastructure.DnsRecords;

/**
 * Decides when the DNS is queried: while a record is wrong after 5 seconds, doubling to 5 minutes;
 * when it is right every 5 minutes; at once after an edit of the spec. In between the last answer
 * holds.
 */
final class DnsMonitor {
  private static final Duration SHORTEST = Duration.ofSeconds(5);
  private static final Duration LONGEST = Duration.ofMinutes(5);

  /** Timeouts in a row until they are reported. */
  private static final int SILENCES = 3;

  private final Lookup lookup;
  private final Clock clock;
  private final EnvironmentMemories.Slot<Map<String, Last>> answers;

  DnsMonitor(Clock clock, Lookup lookup, EnvironmentMemories memories) {
    this.clock = clock;
    this.lookup = lookup;
    this.answers = memories.slot();
  }

  /** Queries a DNS server. */
  @FunctionalInterface
  interface Lookup {
    /** See {@link DnsLookup#ask}. */
    DnsAnswer ask(String resolver, String name);
  }

  /**
   * The records of the environment's domains.
   *
   * @param own addresses of the ingress Service, or names of them
   */
  Records look(StagingEnvironment environment, List<String> own) {
    var uid = environment.getMetadata().getUid();
    if (environment.getSpec().infrastructure().dns().mode() == Mode.Off) {
      answers.remove(uid);
      return new Records(Map.of(), List.of(), LONGEST);
    }
    var look = new Look(environment, answers.get(uid, ConcurrentHashMap::new), new TreeSet<>());
    var given = environment.getSpec().ingress().addresses();
    var expected =
        (given.isEmpty() ? own : given)
            .stream()
                .flatMap(address ->
                    DnsLookup.isAddress(address)
                        ? Stream.of(DnsLookup.canonical(address))
                        : balancer(look, address))
                .distinct()
                .sorted()
                .toList();
    var records = new TreeMap<String, DnsAnswer>();
    if (!expected.isEmpty()) {
      for (var domain : Claims.served(environment)) {
        records.put(domain, ask(look, domain, a -> DnsRecords.right(a, expected)));
      }
    }
    // An answer that is not needed any more would be due forever.
    look.answers().keySet().retainAll(look.asked());
    return new Records(records, expected, expected.isEmpty() ? SHORTEST : nextLook(look));
  }

  /**
   * A load balancer's name and its addresses: it may return a subset of them at a time, so a CNAME
   * to the name is right whatever they are at the moment.
   */
  private Stream<String> balancer(Look look, String name) {
    return Stream.concat(
        ask(look, name, a -> !a.addresses().isEmpty()).addresses().stream(),
        Stream.of(name.toLowerCase(Locale.ROOT)));
  }

  private DnsAnswer ask(Look look, String name, Predicate<DnsAnswer> right) {
    look.asked().add(name);
    long generation = look.environment().getMetadata().getGeneration();
    var last = look.answers().get(name);
    boolean holds =
        last != null
            && last.generation() == generation
            && clock.instant().isBefore(last.due())
            && (!last.right() || right.test(last.answer()));
    if (holds) {
      return last.answer();
    }
    var answer = lookup.ask(look.environment().getSpec().infrastructure().dns().resolver(), name);
    var next =
        last == null || last.generation() != generation
            ? Last.first(generation, answer, right.test(answer), clock.instant())
            : last.then(answer, right.test(answer), clock.instant());
    look.answers().put(name, next);
    return next.answer();
  }

  private Duration nextLook(Look look) {
    var due =
        look.answers().values().stream()
            .map(last -> Duration.between(clock.instant(), last.due()))
            .min(Duration::compareTo)
            .orElse(SHORTEST);
    return due.compareTo(Duration.ofSeconds(1)) < 0 ? Duration.ofSeconds(1) : due;
  }

  /**
   * The records.
   *
   * @param answers by domain
   * @param expected the addresses that they must resolve to
   * @param nextLook time until the next query
   */
  record Records(Map<String, DnsAnswer> answers, List<String> expected, Duration nextLook) {}

  /**
   * One poll of the records.
   *
   * @param answers the last ones, by name
   * @param asked the names that are needed
   */
  private record Look(
      StagingEnvironment environment, Map<String, Last> answers, Set<String> asked) {}

  /** The last answer; timeouts do not replace it until several in a row. */
  private record Last(
      long generation, DnsAnswer answer, boolean right, int silences, Duration pause, Instant due) {

    static Last first(long generation, DnsAnswer answer, boolean right, Instant now) {
      var wait = right ? LONGEST : SHORTEST;
      return new Last(
          generation, answer, right, answer.problem() == null ? 0 : 1, wait, now.plus(wait));
    }

    Last then(DnsAnswer answer, boolean nowRight, Instant now) {
      if (answer.problem() != null && right && silences + 1 < SILENCES) {
        return new Last(generation, this.answer, true, silences + 1, SHORTEST, now.plus(SHORTEST));
      }
      if (nowRight || right) {
        return first(generation, answer, nowRight, now);
      }
      var doubled = pause.multipliedBy(2);
      var next = doubled.compareTo(LONGEST) > 0 ? LONGEST : doubled;
      return new Last(generation, answer, false, 0, next, now.plus(next));
    }
  }
}
