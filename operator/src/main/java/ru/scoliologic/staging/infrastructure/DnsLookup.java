package ru.scoliologic.staging.infrastructure;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.Address;
import org.xbill.DNS.ExtendedResolver;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Resolver;
import org.xbill.DNS.ResolverConfig;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;
import org.xbill.DNS.lookup.LookupResult;
import org.xbill.DNS.lookup.LookupSession;
import org.xbill.DNS.lookup.NoSuchDomainException;
import org.xbill.DNS.lookup.NoSuchRRSetException;
import ru.scoliologic.staging.cluster.model.ClusterFacts.DnsAnswer;

/**
 * Queries a DNS server for the addresses of a name. Each call queries the server and follows
 * CNAMEs; the JVM's cache, the hosts file and search paths are not used.
 */
public final class DnsLookup {
  private static final Duration TIMEOUT = Duration.ofSeconds(2);
  private static final int TRIES = 2;
  private static final int PORT = 53;

  /**
   * The addresses of a name; takes seconds at most.
   *
   * @param resolver ip or ip:port; null for the servers of the system's configuration
   */
  public DnsAnswer ask(String resolver, String name) {
    try {
      var session = LookupSession.builder().resolver(resolver(resolver)).build();
      var absolute = Name.fromString(name, Name.root);
      var found =
          Stream.of(Type.A, Type.AAAA).map(type -> ask(session, absolute, type)).toList().stream()
              .map(CompletableFuture::join)
              .flatMap(Optional::stream)
              .toList();
      return new DnsAnswer(
          found.stream()
              .flatMap(answer -> answer.getRecords().stream())
              .flatMap(DnsLookup::address)
              .distinct()
              .sorted()
              .toList(),
          null,
          aliases(found, absolute));
    } catch (CompletionException e) {
      return new DnsAnswer(List.of(), server(resolver, said(e.getCause())));
    } catch (TextParseException | UnknownHostException e) {
      return new DnsAnswer(List.of(), server(resolver, said(e)));
    }
  }

  /** An address in the form of DNS answers, or the text itself if it is none. */
  public static String canonical(String address) {
    try {
      return Address.getByAddress(address).getHostAddress();
    } catch (UnknownHostException e) {
      return address;
    }
  }

  /** Whether the text is an IP address, and not a name. */
  public static boolean isAddress(String text) {
    return Address.isDottedQuad(text) || text.contains(":");
  }

  /** The names that CNAME records led through, the last one among them. */
  private static Set<String> aliases(List<LookupResult> found, Name asked) {
    return found.stream()
        .flatMap(answer ->
            Stream.concat(
                answer.getAliases().stream(), answer.getRecords().stream().map(Record::getName)))
        .filter(name -> !name.equals(asked))
        .map(name -> name.toString(true).toLowerCase(Locale.ROOT))
        .collect(Collectors.toSet());
  }

  private static CompletableFuture<Optional<LookupResult>> ask(
      LookupSession session, Name name, int type) {
    return session
        .lookupAsync(name, type)
        .thenApply(Optional::of)
        .toCompletableFuture()
        .exceptionallyCompose(failure -> {
          var cause = failure instanceof CompletionException ? failure.getCause() : failure;
          return cause instanceof NoSuchDomainException || cause instanceof NoSuchRRSetException
              ? CompletableFuture.completedFuture(Optional.empty())
              : CompletableFuture.failedFuture(cause);
        });
  }

  private static Stream<String> address(Record found) {
    return switch (found) {
      case ARecord a -> Stream.of(a.getAddress().getHostAddress());
      case AAAARecord a -> Stream.of(a.getAddress().getHostAddress());
      default -> Stream.empty();
    };
  }

  private static Resolver resolver(String given) throws UnknownHostException {
    var servers = new ArrayList<Resolver>();
    for (var server :
        given == null ? ResolverConfig.getCurrentConfig().servers() : List.of(server(given))) {
      var simple = new SimpleResolver(server);
      simple.setTimeout(TIMEOUT);
      servers.add(simple);
    }
    var resolver = new ExtendedResolver(servers);
    resolver.setRetries(TRIES);
    resolver.setTimeout(TIMEOUT.multipliedBy(TRIES));
    return resolver;
  }

  private static InetSocketAddress server(String given) throws UnknownHostException {
    int colon = given.indexOf(':');
    boolean hasPort = colon > 0 && colon == given.lastIndexOf(':');
    InetAddress address = Address.getByAddress(hasPort ? given.substring(0, colon) : given);
    return new InetSocketAddress(
        address, hasPort ? Integer.parseInt(given.substring(colon + 1)) : PORT);
  }

  private static String server(String given, String problem) {
    var servers =
        ResolverConfig.getCurrentConfig().servers().stream()
            .map(server -> server.getAddress() + ":" + server.getPort())
            .map(server -> server.substring(server.indexOf('/') + 1))
            .collect(Collectors.joining(", "));
    return (given == null
            ? "the operator's own servers (%s)".formatted(servers)
            : "server " + given)
        + ": "
        + problem;
  }

  private static String said(Throwable failure) {
    if (failure instanceof PortUnreachableException) {
      return "nothing listens there";
    }
    return failure.getMessage() == null
        ? failure.getClass().getSimpleName()
        : failure.getMessage().lines().findFirst().orElse("");
  }
}
