package ru.scoliologic.staging.validation;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import ru.scoliologic.staging.api.IngressSpec;

/** Checks whether a certificate was issued, by a TLS handshake with the domain's name. */
public final class CertificateProbe {
  private static final int HTTPS = 443;
  private static final Duration LIMIT = Duration.ofSeconds(5);

  private final Clock clock;

  public CertificateProbe(Clock clock) {
    this.clock = clock;
  }

  /**
   * Whether the served certificate is valid and of the authority; empty when the server does not
   * answer. Takes a few seconds at most.
   */
  public Optional<Boolean> issued(
      String address, String domain, IngressSpec.Server server, String caBundle) {
    try {
      return Optional.of(
          CertificateVerdict.judge(
                  TimeBudget.ofARequest(LIMIT)
                      .spend(() -> Certificates.served(address, HTTPS, domain)),
                  domain,
                  server,
                  Certificates.trusting(caBundle),
                  clock.instant())
              .isEmpty());
    } catch (IOException | GeneralSecurityException e) {
      return Optional.empty();
    }
  }
}
