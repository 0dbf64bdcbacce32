package ru.scoliologic.staging.ingress;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import ru.scoliologic.staging.cluster.log.ProgramLog;

/**
 * A certificate authority's answer to a failed order, from Traefik's log.
 *
 * @param at when Traefik wrote it
 * @param words the kind of error, the authority's own sentence and the remedy; the kind is "none"
 *     where the authority could not be reached
 */
public record AcmeAnswer(Instant at, String words) {
  private static final String NONE = "none";
  private static final String FAILED = "Unable to obtain ACME certificate for domains";

  /** Characters of a line that are read; the rest adds nothing. */
  private static final int LONGEST_LINE = 8_000;

  /** Characters of the authority's sentence. */
  private static final int LONGEST = 300;

  private static final Pattern TIME =
      Pattern.compile(
          "(?:^|\"time\":\")(?<at>\\d{4}-\\d\\d-\\d\\dT[\\d:.]+(?:Z|[+-]\\d\\d:\\d\\d))");
  private static final Pattern ERROR =
      Pattern.compile("\\berror\"?[=:]\"(?<text>[^\"\\\\]*+(?:\\\\.[^\"\\\\]*+)*+)\"");
  private static final Pattern ESCAPE = Pattern.compile("\\\\(.)");

  private static final String URN = "urn:[\\w:]*acme:error:";
  private static final Pattern PROBLEM =
      Pattern.compile(
          "acme: error: \\d+ :: (?:[A-Z]+ :: \\S+ :: )?" + URN + "(?<kind>\\w+) :: (?<words>.*)");
  private static final Pattern SUBPROBLEM =
      Pattern.compile(", problem: \"(?:" + URN + ")?(?<kind>\\w*)\" :: ");
  private static final Pattern LINK = Pattern.compile(", url: ?\\S*$");

  /** Prefixes that Traefik and its ACME library put before a quoted message. */
  private static final Pattern HEAD =
      Pattern.compile(
          "^(?:cannot get ACME client |unable to generate a certificate for the domains \\[.*?]: )?"
              + "(?:error: one or more domains had a problem:\\s+)?(?:\\[\\S+] )*");

  private static final Pattern RETRY_AFTER =
      Pattern.compile(
          "retry after (?<time>\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d:\\d\\d(?: ?UTC|Z)?)");

  /** Key of the answer to an order among the warnings of the surroundings. */
  public static String key(String domain) {
    return "Order/" + domain;
  }

  /**
   * The last answer in a log, if any.
   *
   * @param log with its secrets masked
   * @param resolver Traefik's name for the authority
   */
  public static Optional<AcmeAnswer> last(String log, String resolver, String domain) {
    var asked =
        Pattern.compile("\\bproviderName\"?[=:]\"?" + Pattern.quote(resolver + ".acme") + "\\b");
    var ordered = Pattern.compile("\\bdomains\"?[=:]\\[\"" + Pattern.quote(domain) + "\"");
    return ProgramLog.plain(log)
        .filter(line -> line.contains(FAILED))
        .map(line -> line.substring(0, Math.min(line.length(), LONGEST_LINE)))
        .filter(line -> asked.matcher(line).find() && ordered.matcher(line).find())
        .flatMap(line -> of(line).stream())
        .reduce((before, last) -> last);
  }

  private static Optional<AcmeAnswer> of(String line) {
    var time = TIME.matcher(line);
    var error = ERROR.matcher(line);
    if (!time.find() || !error.find()) {
      return Optional.empty();
    }
    try {
      var at = OffsetDateTime.parse(time.group("at")).toInstant();
      return Optional.of(new AcmeAnswer(at, words(unescaped(error.group("text")))));
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  private static String unescaped(String text) {
    return ESCAPE
        .matcher(text)
        .replaceAll(escape ->
            switch (escape.group(1)) {
              case "n" -> "\n";
              case "r", "t" -> " ";
              default -> Matcher.quoteReplacement(escape.group(1));
            });
  }

  private static String words(String error) {
    var problem = PROBLEM.matcher(error);
    boolean answered = problem.find();
    var kind = answered ? problem.group("kind") : NONE;
    var said = answered ? problem.group("words") : HEAD.matcher(error).replaceFirst("");
    var sentence =
        LINK.matcher(SUBPROBLEM.matcher(said).replaceAll("; ${kind}: ").strip())
            .replaceFirst("")
            .replaceAll("\\s+", " ");
    var cure = cure(kind, sentence);
    return kind + ": " + bounded(sentence) + (cure.isEmpty() ? "" : "; " + cure);
  }

  private static String bounded(String sentence) {
    if (sentence.length() <= LONGEST) {
      return sentence;
    }
    int end = Character.isHighSurrogate(sentence.charAt(LONGEST - 1)) ? LONGEST - 1 : LONGEST;
    return sentence.substring(0, end) + "…";
  }

  /** The remedy, or empty where it is unknown. */
  private static String cure(String kind, String sentence) {
    return switch (kind) {
      case "caa" ->
          "name the authority in the domain's CAA records (Let's Encrypt is letsencrypt.org), or"
              + " remove them";
      case "rateLimited" -> limited(sentence);
      case "rejectedIdentifier" ->
          "the authority issues nothing for this name: give another one in spec.domains,"
              + " or use another authority with spec.ingress.acme.server";
      case "dns" ->
          "the authority queries the public DNS: publish the domain's A or AAAA record"
              + " there, and correct its DNSSEC if DNSSEC validation fails";
      case "connection" ->
          "the authority must reach the domain's addresses at port 80: open it from outside, to"
              + " every address of the record";
      case "unauthorized" ->
          "something other than Traefik responded at port 80: point every A and AAAA"
              + " record of the domain to this ingress, not to another proxy";
      case "invalidContact", "unsupportedContact" ->
          "give an address of yours in spec.ingress.acme.email";
      case NONE ->
          sentence.contains("x509:")
              ? "give the certificates of the authority that signed the ACME server's certificate"
                  + " in spec.ingress.acme.caBundle"
              : "Traefik must reach the authority: check spec.ingress.acme.directory, and what"
                  + " blocks traffic from pods (DNS, firewall, network policies)";
      default -> "";
    };
  }

  private static String limited(String sentence) {
    var retry = RETRY_AFTER.matcher(sentence);
    return (retry.find() ? "wait until " + retry.group("time") : "wait until the limit is over")
        + ", because sooner attempts are refused as well; for tests use"
        + " spec.ingress.acme.server: LetsEncryptStaging";
  }
}
