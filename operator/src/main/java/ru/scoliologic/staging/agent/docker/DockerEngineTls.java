package ru.scoliologic.staging.agent.docker;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** The client and authority certificates for a user's Docker engine. */
final class DockerEngineTls {
  private static final Pattern KEY =
      Pattern.compile("-----BEGIN ((?:\\w+ )*PRIVATE KEY)-----([^-]+)-----END");

  /** The DER of {@code version 0, algorithm rsaEncryption}, which precedes a bare RSA key. */
  private static final byte[] RSA_ALGORITHM =
      HexFormat.of().parseHex("020100300d06092a864886f70d0101010500");

  private static final char[] NO_PASSWORD = {};

  private DockerEngineTls() {}

  /**
   * Reads ca.pem, cert.pem and key.pem of a folder. Only that authority is trusted.
   *
   * @throws IOException when a file is absent or invalid; names the file without quoting it
   */
  static SSLContext context(Path folder) throws IOException {
    try {
      var trusted = KeyStore.getInstance(KeyStore.getDefaultType());
      trusted.load(null, null);
      int number = 0;
      for (var authority : certificates(folder.resolve("ca.pem"))) {
        trusted.setCertificateEntry("ca" + number++, authority);
      }
      var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(trusted);

      var own = KeyStore.getInstance(KeyStore.getDefaultType());
      own.load(null, null);
      own.setKeyEntry(
          "agent",
          key(folder.resolve("key.pem")),
          NO_PASSWORD,
          certificates(folder.resolve("cert.pem")).toArray(Certificate[]::new));
      var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(own, NO_PASSWORD);

      var context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException("ca.pem, cert.pem and key.pem do not go together", e);
    }
  }

  private static List<Certificate> certificates(Path file) throws IOException {
    try (InputStream pem = Files.newInputStream(file)) {
      var found =
          List.<Certificate>copyOf(
              CertificateFactory.getInstance("X.509").generateCertificates(pem));
      if (found.isEmpty()) {
        throw new IOException(file.getFileName() + " holds no certificate");
      }
      return found;
    } catch (GeneralSecurityException e) {
      throw new IOException(file.getFileName() + " is not a certificate in PEM", e);
    }
  }

  private static PrivateKey key(Path file) throws IOException, GeneralSecurityException {
    var pem = KEY.matcher(Files.readString(file, StandardCharsets.US_ASCII));
    if (!pem.find()) {
      throw new IOException(file.getFileName() + " holds no private key in PEM");
    }
    var bytes = Base64.getMimeDecoder().decode(pem.group(2));
    var form =
        switch (pem.group(1)) {
          case "PRIVATE KEY" -> bytes;
          case "RSA PRIVATE KEY" -> sequence(RSA_ALGORITHM, element(0x04, bytes));
          default ->
              throw new IOException(
                  file.getFileName()
                      + " holds a key in a form that is not read: convert it by openssl pkcs8 -topk8"
                      + " -nocrypt");
        };
    for (var algorithm : List.of("RSA", "EC", "EdDSA")) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(form));
      } catch (InvalidKeySpecException e) {
        // Not a key of this algorithm: the next is tried.
      }
    }
    throw new IOException(file.getFileName() + " is not an RSA, EC or Ed25519 key");
  }

  private static byte[] sequence(byte[] first, byte[] second) {
    var both = java.util.Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return element(0x30, both);
  }

  /** One DER element with a three-byte length, as in any RSA key. */
  private static byte[] element(int tag, byte[] content) {
    var element = new byte[content.length + 4];
    element[0] = (byte) tag;
    element[1] = (byte) 0x82;
    element[2] = (byte) (content.length >> 8);
    element[3] = (byte) content.length;
    System.arraycopy(content, 0, element, 4, content.length);
    return element;
  }
}
