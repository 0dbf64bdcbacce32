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
  private final Map<Question, Last> answers = new ConcurrentHashMap<>();

  DnsMonitor(Clock clock, Lookup lookup) {
    this.clock = clock;
    this.lookup = lookup;
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
    var look = new Look(environment, new TreeSet<>());
    if (environment.getSpec().infrastructure().dns().mode() == Mode.Off) {
      forgetAllBut(look);
      return new Records(Map.of(), List.of(), LONGEST);
    }
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
    forgetAllBut(look);
    return new Records(records, expected, expected.isEmpty() ? SHORTEST : nextLook(environment));
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
    var question = new Question(look.uid(), name);
    long generation = look.environment().getMetadata().getGeneration();
    var last = answers.get(question);
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
    answers.put(question, next);
    return next.answer();
  }

  /** An answer that is not needed any more would be due forever. */
  private void forgetAllBut(Look look) {
    answers
        .keySet()
        .removeIf(question ->
            question.uid().equals(look.uid()) && !look.asked().contains(question.name()));
  }

  private Duration nextLook(StagingEnvironment environment) {
    var uid = environment.getMetadata().getUid();
    var due =
        answers.entrySet().stream()
            .filter(e -> e.getKey().uid().equals(uid))
            .map(e -> Duration.between(clock.instant(), e.getValue().due()))
            .min(Duration::compareTo)
            .orElse(SHORTEST);
    return due.compareTo(Duration.ofSeconds(1)) < 0 ? Duration.ofSeconds(1) : due;
  }

  void keepOnly(Set<String> uids) {
    answers.keySet().removeIf(question -> !uids.contains(question.uid()));
  }

  /**
   * The records.
   *
   * @param answers by domain
   * @param expected the addresses that they must resolve to
   * @param nextLook time until the next query
   */
  record Records(Map<String, DnsAnswer> answers, List<String> expected, Duration nextLook) {}

  private record Question(String uid, String name) {}

  /** One poll of the records, with the queried names. */
  private record Look(StagingEnvironment environment, Set<String> asked) {
    String uid() {
      return environment.getMetadata().getUid();
    }
  }

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
