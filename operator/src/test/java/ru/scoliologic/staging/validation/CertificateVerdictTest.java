package ru.scoliologic.staging.validation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ru.scoliologic.staging.api.IngressSpec.Server;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.throwaway.TestCertificates;
import ru.scoliologic.staging.validation.CertificateVerdict.Problem;

class CertificateVerdictTest {
  private static final String HOST = "app.staging.test";

  private static List<X509Certificate> chain(TestCertificates issued) throws Exception {
    return List.of(
        (X509Certificate)
            CertificateFactory.getInstance("X.509")
                .generateCertificate(
                    new ByteArrayInputStream(
                        issued.certificate().getBytes(StandardCharsets.UTF_8))));
  }

  private static Optional<Problem> judge(TestCertificates issued, String host, Instant now)
      throws Exception {
    return CertificateVerdict.judge(
        chain(issued), host, Server.Custom, Certificates.trusting(issued.authority()), now);
  }

  private static String problem(TestCertificates issued, String host) throws Exception {
    return judge(issued, host, Instant.now()).orElseThrow().message();
  }

  @Test
  void one_for_the_host_of_the_expected_authority_is_good() throws Exception {
    assertThat(judge(TestCertificates.issue(HOST), HOST, Instant.now())).isEmpty();
    assertThat(judge(TestCertificates.issue("other.test", HOST), "APP.staging.test", Instant.now()))
        .isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "*.staging.test, app.staging.test, true",
    "*.staging.test, staging.test, false",
    "*.staging.test, a.b.staging.test, false",
    "*.test, staging.test, false",
    "app*.staging.test, app1.staging.test, false",
    "*.staging.test, app.staging.test.evil.test, false"
  })
  void a_wildcard_stands_for_one_whole_label(String name, String host, boolean good)
      throws Exception {
    assertThat(judge(TestCertificates.issue(name), host, Instant.now()).isEmpty()).isEqualTo(good);
  }

  @Test
  void one_that_expired_is_told_with_the_time() throws Exception {
    var later = Instant.now().plus(Duration.ofDays(4000));

    assertThat(judge(TestCertificates.issue(HOST), HOST, later).orElseThrow().message())
        .startsWith("the certificate of app.staging.test expired at 20");
  }

  @Test
  void one_for_another_host_is_told_with_its_names() throws Exception {
    assertThat(problem(TestCertificates.issue("other.test"), HOST))
        .isEqualTo("the certificate served for app.staging.test is for [other.test]");
  }

  @Test
  void one_of_an_unknown_authority_does_not_chain_though_it_says_the_right_name() throws Exception {
    var problem =
        CertificateVerdict.judge(
            chain(TestCertificates.issue(HOST)),
            HOST,
            Server.Custom,
            Certificates.trusting(TestCertificates.issue(HOST).authority()),
            Instant.now());

    assertThat(problem.orElseThrow().message())
        .contains("does not chain to an expected authority")
        .contains("Throwaway ACME server CA");
  }

  @ParameterizedTest
  @CsvSource({"LetsEncrypt, Let's Encrypt", "LetsEncryptStaging, Let's Encrypt staging"})
  void one_of_another_authority_than_was_asked_is_told(Server server, String expected)
      throws Exception {
    var issued = TestCertificates.issue(HOST);

    var problem =
        CertificateVerdict.judge(
            chain(issued), HOST, server, Certificates.trusting(issued.authority()), Instant.now());

    assertThat(problem.orElseThrow().message())
        .isEqualTo(
            "the certificate of app.staging.test is issued by CN=Throwaway ACME server CA, not by "
                + expected);
  }

  @Test
  void none_at_all_and_the_built_in_one_of_traefik_are_told_apart() throws Exception {
    assertThat(
            CertificateVerdict.judge(
                    List.of(), HOST, Server.Custom, Certificates.trusting(""), Instant.now())
                .orElseThrow()
                .reason())
        .isEqualTo(Reason.CHECKS_FAILED);
    assertThat(
            judge(TestCertificates.issue("TRAEFIK DEFAULT CERT"), HOST, Instant.now())
                .orElseThrow()
                .reason())
        .isEqualTo(Reason.CERTIFICATE_NOT_ISSUED);
  }
}
