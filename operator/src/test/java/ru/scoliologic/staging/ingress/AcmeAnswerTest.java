package ru.scoliologic.staging.ingress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.time.Instant;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Lines as Traefik 3.6 writes them. */
class AcmeAnswerTest {
  private static final String APP = "app.staging.test";
  private static final String OF_ORDER =
      "unable to generate a certificate for the domains [app.staging.test]: ";
  private static final String OF_CHALLENGE =
      OF_ORDER + "error: one or more domains had a problem:\\n[app.staging.test] ";
  private static final String NEW_ORDER =
      "acme: error: 429 :: POST :: https://acme-v02.api.letsencrypt.org/acme/new-order :: ";

  private static String line(String time, String domain, String resolver, String error) {
    return ("%s ERR Unable to obtain ACME certificate for domains error=\"%s\" ACME"
            + " CA=https://ca.test/dir acmeCA=https://ca.test/dir domains=[\"%s\"]"
            + " providerName=%s.acme routerName=websecure-team-demo-app@kubernetes"
            + " rule=\"Host(`%s`) && PathPrefix(`/`)\"\n")
        .formatted(time, error, domain, resolver, domain);
  }

  private static String line(String error) {
    return line("2026-01-02T03:04:09Z", APP, "letsencrypt", error);
  }

  private static String words(String log) {
    return AcmeAnswer.last(log, "letsencrypt", APP).orElseThrow().words();
  }

  static Stream<Arguments> answers() {
    return Stream.of(
        arguments(
            OF_ORDER
                + "error: one or more domains had a problem:\\n[app.staging.test] acme: error: 403"
                + " :: urn:ietf:params:acme:error:caa :: CAA record for app.staging.test prevents"
                + " issuance\\n",
            "caa: CAA record for app.staging.test prevents issuance; name the authority in the"
                + " domain's CAA records (Let's Encrypt is letsencrypt.org), or remove them"),
        arguments(
            OF_ORDER
                + NEW_ORDER
                + "urn:ietf:params:acme:error:rateLimited :: too many certificates (5) already"
                + " issued for this exact set of identifiers in the last 168h0m0s, retry after"
                + " 2026-01-05 02:54:01 UTC: see https://letsencrypt.org/docs/rate-limits/",
            "rateLimited: too many certificates (5) already issued for this exact set of"
                + " identifiers in the last 168h0m0s, retry after 2026-01-05 02:54:01 UTC: see"
                + " https://letsencrypt.org/docs/rate-limits/; wait until 2026-01-05 02:54:01 UTC,"
                + " because sooner attempts are refused as well; for tests use spec.ingress.acme.server: LetsEncryptStaging"),
        arguments(
            OF_ORDER
                + NEW_ORDER
                + "urn:ietf:params:acme:error:rateLimited :: Your account is temporarily prevented"
                + " from requesting certificates for app.staging.test and possibly others",
            "rateLimited: Your account is temporarily prevented from requesting certificates for"
                + " app.staging.test and possibly others; wait until the limit is over, because sooner attempts are refused as well; for tests use spec.ingress.acme.server:"
                + " LetsEncryptStaging"),
        arguments(
            OF_ORDER
                + "acme: error: 400 :: POST :: https://pebble:14000/order-plz ::"
                + " urn:ietf:params:acme:error:rejectedIdentifier :: Order included an identifier"
                + " for which issuance is forbidden by policy: \\\"app.staging.test\\\", problem:"
                + " \\\"urn:ietf:params:acme:error:rejectedIdentifier\\\" :: app.staging.test is a"
                + " forbidden domain",
            "rejectedIdentifier: Order included an identifier for which issuance is forbidden by"
                + " policy: \"app.staging.test\"; rejectedIdentifier: app.staging.test is a"
                + " forbidden domain; the authority issues nothing for this name: give another one"
                + " in spec.domains, or use another authority with spec.ingress.acme.server"),
        arguments(
            OF_ORDER
                + "acme: error: 400 :: POST :: https://acme-v02.api.letsencrypt.org/acme/new-order"
                + " :: urn:ietf:params:acme:error:rejectedIdentifier :: Error creating new order ::"
                + " Cannot issue for \\\"app.staging.test\\\": Domain name does not end with a"
                + " valid public suffix (TLD), url: ",
            "rejectedIdentifier: Error creating new order :: Cannot issue for"
                + " \"app.staging.test\": Domain name does not end with a valid public suffix"
                + " (TLD); the authority issues nothing for this name: give another one in"
                + " spec.domains, or use another authority with spec.ingress.acme.server"),
        arguments(
            OF_CHALLENGE
                + "invalid authorization: acme: error: 400 :: urn:ietf:params:acme:error:dns :: DNS"
                + " problem: NXDOMAIN looking up A for app.staging.test - check that a DNS record"
                + " exists for this domain\\n",
            "dns: DNS problem: NXDOMAIN looking up A for app.staging.test - check that a DNS record"
                + " exists for this domain; the authority queries the public DNS: publish the domain's A or AAAA record there, and correct its DNSSEC if DNSSEC validation fails"),
        arguments(
            OF_CHALLENGE
                + "invalid authorization: acme: error: 400 :: urn:ietf:params:acme:error:connection"
                + " :: 203.0.113.7: Fetching http://app.staging.test/.well-known/acme-challenge/aB:"
                + " Timeout during connect (likely firewall problem)\\n",
            "connection: 203.0.113.7: Fetching"
                + " http://app.staging.test/.well-known/acme-challenge/aB: Timeout during connect"
                + " (likely firewall problem); the authority must reach the domain's addresses at"
                + " port 80: open it from outside, to every address of the record"),
        arguments(
            OF_CHALLENGE
                + "invalid authorization: acme: error: 403 ::"
                + " urn:ietf:params:acme:error:unauthorized :: 203.0.113.7: Invalid response from"
                + " http://app.staging.test/.well-known/acme-challenge/aB: 404\\n",
            "unauthorized: 203.0.113.7: Invalid response from"
                + " http://app.staging.test/.well-known/acme-challenge/aB: 404; something other than Traefik responded at port 80: point every A and AAAA record of the domain to this ingress, not to another proxy"),
        arguments(
            "cannot get ACME client acme: error: 400 :: POST ::"
                + " https://acme-v02.api.letsencrypt.org/acme/new-acct ::"
                + " urn:ietf:params:acme:error:invalidContact :: Error validating contact(s) ::"
                + " contact email has forbidden domain \\\"example.org\\\"",
            "invalidContact: Error validating contact(s) :: contact email has forbidden domain"
                + " \"example.org\"; give an address of yours in spec.ingress.acme.email"),
        arguments(
            "cannot get ACME client get directory at 'https://ca.test:14000/dir': Get"
                + " \\\"https://ca.test:14000/dir\\\": dial tcp 10.43.7.9:14000: connect:"
                + " connection refused",
            "none: get directory at 'https://ca.test:14000/dir': Get \"https://ca.test:14000/dir\":"
                + " dial tcp 10.43.7.9:14000: connect: connection refused; Traefik must reach the"
                + " authority: check spec.ingress.acme.directory, and what blocks traffic from pods"
                + " (DNS, firewall, network policies)"),
        arguments(
            "cannot get ACME client get directory at 'https://ca.test/dir': Get"
                + " \\\"https://ca.test/dir\\\": tls: failed to verify certificate: x509:"
                + " certificate signed by unknown authority",
            "none: get directory at 'https://ca.test/dir': Get \"https://ca.test/dir\": tls: failed"
                + " to verify certificate: x509: certificate signed by unknown authority; give the certificates of the authority that signed the ACME server's certificate in spec.ingress.acme.caBundle"),
        arguments(
            OF_ORDER
                + "acme: error: 500 :: POST :: https://ca.test/finalize/1 ::"
                + " urn:ietf:params:acme:error:serverInternal :: Error finalizing order",
            "serverInternal: Error finalizing order"));
  }

  @ParameterizedTest
  @MethodSource("answers")
  void an_answer_is_the_kind_of_error_the_authoritys_own_sentence_and_what_helps(
      String error, String words) {
    assertThat(words(line(error))).isEqualTo(words);
  }

  @Test
  void a_line_is_read_with_a_terminals_colours_and_as_json_as_well() {
    var coloured =
        "\u001B[90m2026-01-02T03:04:09Z\u001B[0m \u001B[31mERR\u001B[0m \u001B[1mUnable to obtain ACME"
            + " certificate for domains\u001B[0m \u001B[36merror=\u001B[0m\u001B[31m\u001B[1m\"cannot"
            + " get ACME client acme: error: 403 :: urn:ietf:params:acme:error:caa ::"
            + " no\"\u001B[0m\u001B[0m \u001B[36mACME CA=\u001B[0mhttps://ca.test/dir"
            + " \u001B[36mdomains=\u001B[0m[\"app.staging.test\"] \u001B[36mproviderName=\u001B[0m"
            + "letsencrypt.acme \u001B[36mrouterName=\u001B[0mapp@kubernetes";
    var json =
        """
        {"level":"error","providerName":"letsencrypt.acme","ACME CA":"https://ca.test/dir","error":"unable to generate a certificate for the domains [app.staging.test]: acme: error: 403 :: urn:ietf:params:acme:error:caa :: no","domains":["app.staging.test"],"time":"2026-01-02T06:04:09+03:00","message":"Unable to obtain ACME certificate for domains"}
        """;

    assertThat(AcmeAnswer.last(coloured, "letsencrypt", APP))
        .hasValueSatisfying(answer -> {
          assertThat(answer.words()).startsWith("caa: no; ");
          assertThat(answer.at()).isEqualTo(Instant.parse("2026-01-02T03:04:09Z"));
        });
    assertThat(AcmeAnswer.last(json, "letsencrypt", APP))
        .isEqualTo(AcmeAnswer.last(coloured, "letsencrypt", APP));
  }

  @Test
  void only_the_last_answer_of_this_authority_for_this_domain_counts() {
    var log =
        line("2026-01-02T03:04:05Z", APP, "letsencrypt", "acme: error: 1 :: urn:acme:error:a :: x")
            + line("2026-01-02T03:04:06Z", APP, "letsencrypt", "cannot get ACME client b")
            + line(
                "2026-01-02T03:04:07Z", "other." + APP, "letsencrypt", "cannot get ACME client c")
            + line("2026-01-02T03:04:08Z", APP, "letsencrypt-staging", "cannot get ACME client d")
            + "2026-01-02T03:04:09Z ERR Unable to obtain ACME certificate for domains\n"
            + "2026-01-02T03:04:10Z INF Testing certificate renew..."
            + " providerName=letsencrypt.acme\n";

    assertThat(AcmeAnswer.last(log, "letsencrypt", APP))
        .hasValueSatisfying(answer -> {
          assertThat(answer.at()).isEqualTo(Instant.parse("2026-01-02T03:04:06Z"));
          assertThat(answer.words()).startsWith("none: b; ");
        });
    assertThat(AcmeAnswer.last(log, "custom-1", APP)).isEmpty();
  }

  @Test
  void a_long_sentence_is_cut_and_what_helps_still_follows() {
    var error = "acme: error: 403 :: urn:ietf:params:acme:error:caa :: " + "x".repeat(9_000);
    var long300 = "acme: error: 403 :: urn:ietf:params:acme:error:caa :: " + "x".repeat(900);

    assertThat(words(line(long300)))
        .startsWith("caa: " + "x".repeat(300) + "…; name the authority in ");
    assertThat(AcmeAnswer.last(line(error), "letsencrypt", APP)).isEmpty();
  }
}
