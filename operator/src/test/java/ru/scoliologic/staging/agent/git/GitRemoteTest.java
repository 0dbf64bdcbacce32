package ru.scoliologic.staging.agent.git;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.eclipse.jgit.transport.CredentialItem;
import org.eclipse.jgit.transport.URIish;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ru.scoliologic.staging.agent.MountedFiles;
import ru.scoliologic.staging.api.GitopsSpec;
import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.throwaway.GitHttpServer;
import ru.scoliologic.staging.throwaway.GitRepository;
import ru.scoliologic.staging.throwaway.TestCertificates;

/** Against Git's own server over HTTP. */
public class GitRemoteTest {
  private static final String TOKEN = "ghp_0123456789abcdef";

  @TempDir private Path folder;
  private GitRepository repository;
  private GitHttpServer server;
  private MountedFiles mounted;

  @BeforeEach
  void a_repository_behind_a_token() {
    repository = GitRepository.create(folder, "app.git");
    server = GitHttpServer.start(folder);
    server.token(TOKEN);
    mounted = new MountedFiles(folder.resolve("mounted")).token(TOKEN);
  }

  @AfterEach
  void the_server_ends() {
    server.close();
  }

  private GitRemote remote() {
    return remote(server.url("app.git"));
  }

  private GitRemote remote(String url) {
    return new GitRemote(() -> spec(url), mounted.files());
  }

  public static GitopsSpec spec(String url) {
    return spec(url, "main");
  }

  private static GitopsSpec spec(String url, String branch) {
    return new GitopsSpec(
        url, branch, 5, null, null, null, null, null, null, null, null, null, null, null);
  }

  private static void fails(GitRemote remote, Reason reason, String... found) {
    assertThatThrownBy(remote::head)
        .isInstanceOfSatisfying(
            GitException.class, trouble -> assertThat(trouble.reason()).isEqualTo(reason))
        .hasMessageContainingAll(found)
        .message()
        .doesNotContain(TOKEN);
  }

  @Test
  void the_head_of_the_branch_is_told_by_one_question() throws Exception {
    var first = repository.push("first");
    assertThat(remote().head()).isEqualTo(first);
    var second = repository.push("second");
    int before = server.requests().size();

    assertThat(remote().head()).isEqualTo(second);

    assertThat(server.requests().subList(before, server.requests().size()))
        .allMatch(request -> !request.contains(TOKEN))
        .filteredOn(request -> request.startsWith("POST"))
        .hasSize(1);
  }

  @Test
  void the_user_beside_the_token_is_one_that_hosts_know_or_the_given_one() throws Exception {
    repository.push("first");
    remote().head();
    mounted.with("git/username", "deploy");
    remote().head();

    assertThat(server.authorizations())
        .contains(basic("x-access-token:" + TOKEN), basic("deploy:" + TOKEN));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "feature/#12-login",
        "dependabot/npm_and_yarn/@types/node-20",
        "фича/вход",
        "a%20b&c=d",
        "it's",
        "+plus",
        "renovate/(major)"
      })
  void a_branch_is_followed_by_any_name_that_git_takes(String branch) throws Exception {
    var commit = repository.push("first");
    repository.push(commit, branch);
    var remote = new GitRemote(() -> spec(server.url("app.git"), branch), mounted.files());

    assertThat(remote.head()).isEqualTo(commit);
    try (var commits = new CommitStore(folder.resolve("clone"), remote)) {
      assertThat(commits.fetchBranch())
          .satisfies(found -> assertThat(found.hash()).isEqualTo(commit))
          .satisfies(found -> assertThat(found.branch()).isEqualTo(branch));
    }
  }

  /** For a URI such a name is no host. */
  @Test
  void the_name_of_the_server_may_have_an_underscore() throws Exception {
    fails(
        remote("http://git_server.invalid:3000/team/app.git"),
        Reason.REPOSITORY_UNREACHABLE,
        "its name does not resolve");
    var access =
        GitHttpTransport.of("http://git_server.invalid:3000/team/app.git", mounted.files());
    var asked =
        GitHttpTransport.address("http://git_server.invalid:3000/team/app.git") + "/info/refs";
    assertThat(URI.create(asked).getHost()).as("what JGit makes of it").isNotNull();
    assertThat(access.create(URI.create(asked).toURL()).getURL())
        .hasToString("http://git_server.invalid:3000/team/app.git/info/refs");
    assertThat(access.elsewhere()).isEmpty();
    var user = new CredentialItem.Username();
    var word = new CredentialItem.Password();

    assertThat(access.credentials().get(new URIish(asked), user, word)).isTrue();
    assertThat(word.getValue()).containsExactly(TOKEN.toCharArray());
    assertThat(
            access
                .credentials()
                .get(new URIish("http://git_server2.invalid:3000/team/app.git"), user, word))
        .isFalse();
  }

  private static String basic(String pair) {
    return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void a_repository_for_everybody_needs_no_token() throws Exception {
    server.token(null);
    var head = repository.push("first");
    mounted = new MountedFiles(folder.resolve("none"));

    assertThat(remote().head()).isEqualTo(head);
  }

  @Test
  void an_empty_repository_is_told() {
    fails(remote(), Reason.REPOSITORY_EMPTY, "push a commit to main");
  }

  @Test
  void a_missing_branch_is_told_with_those_that_are_there() {
    repository.push(repository.commit("README.md", "x", "x"), "develop");
    fails(remote(), Reason.BRANCH_MISSING, "no branch main", "develop");
  }

  @Test
  void a_wrong_token_is_told_and_a_new_one_read_at_the_next_look() throws Exception {
    var head = repository.push("first");
    mounted.token("another-token");
    fails(remote(), Reason.CREDENTIALS_REFUSED, "refused the token", "401", "username if");
    var same = remote();

    mounted.token(TOKEN);

    assertThat(same.head()).isEqualTo(head);
  }

  @Test
  void a_missing_token_is_told() {
    mounted = new MountedFiles(folder.resolve("none"));
    fails(remote(), Reason.CREDENTIALS_REFUSED, "there is no token");
  }

  @Test
  void a_forbidden_repository_is_told() {
    server.failure(403);
    fails(remote(), Reason.CREDENTIALS_REFUSED, "403");
  }

  @Test
  void a_repository_that_is_not_there_is_told() {
    fails(remote(server.url("other.git")), Reason.REPOSITORY_NOT_FOUND, "no repository");
  }

  @ParameterizedTest
  @ValueSource(ints = {429, 500, 503})
  void a_server_in_trouble_is_told(int status) {
    server.failure(status);
    fails(remote(), Reason.REPOSITORY_UNREACHABLE, "responded with " + status);
  }

  @Test
  void a_server_that_is_down_is_told() {
    server.down();
    fails(remote(), Reason.REPOSITORY_UNREACHABLE, "refuses the connection");
    server.up();
  }

  @Test
  void a_name_that_does_not_resolve_is_told() {
    fails(remote("https://git.invalid/app.git"), Reason.REPOSITORY_UNREACHABLE, "does not resolve");
  }

  @Test
  void a_redirect_to_another_host_is_followed_without_the_token() throws Exception {
    var head = repository.push("first");
    try (var other = GitHttpServer.start(folder)) {
      // The server asks for the token first, so that it is known to the conversation.
      remote().head();
      server.redirect(other.base("localhost"));

      assertThat(remote().head()).isEqualTo(head);
      assertThat(other.requests()).isNotEmpty();
      assertThat(other.authorizations()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost", "127.0.0.1"})
  void a_redirect_to_where_the_token_must_not_go_is_told(String host) {
    repository.push("first");
    try (var other = GitHttpServer.start(folder)) {
      other.token(TOKEN);
      server.redirect(other.base(host));

      fails(remote(), Reason.REPOSITORY_MOVED, other.base(host).substring("http://".length()));
      assertThat(other.authorizations()).isEmpty();
    }
  }

  @Test
  void a_certificate_of_an_unknown_authority_is_told() throws Exception {
    repository.push("first");
    try (var secure = GitHttpServer.start(folder, tls(certificates()))) {
      fails(
          remote(secure.base("localhost") + "/app.git"),
          Reason.CERTIFICATE_UNTRUSTED,
          "spec.gitops.caBundle");
    }
  }

  @Test
  void a_given_authority_is_trusted_for_the_names_of_its_certificates() throws Exception {
    var head = repository.push("first");
    var certificates = certificates();
    mounted.with("ca.pem", certificates.authority());
    try (var secure = GitHttpServer.start(folder, tls(certificates))) {
      secure.token(TOKEN);

      assertThat(remote(secure.base("localhost") + "/app.git").head()).isEqualTo(head);
      fails(remote(secure.url("app.git")), Reason.CERTIFICATE_UNTRUSTED, "127.0.0.1");
    }
  }

  @Test
  void an_authority_that_cannot_be_read_is_told() {
    mounted.with("ca.pem", "no certificate");
    fails(remote(), Reason.CERTIFICATE_UNTRUSTED, "PEM");
  }

  private static TestCertificates certificates() {
    return TestCertificates.issue("localhost");
  }

  private static SSLContext tls(TestCertificates certificates)
      throws GeneralSecurityException, IOException {
    var pem = certificates.key().replaceAll("-----[A-Z ]+-----|\\s", "");
    var key =
        KeyFactory.getInstance("EC")
            .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
    var chain =
        List.copyOf(
                CertificateFactory.getInstance("X.509")
                    .generateCertificates(
                        new ByteArrayInputStream(
                            certificates.certificate().getBytes(StandardCharsets.US_ASCII))))
            .toArray(Certificate[]::new);
    var store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry("server", key, new char[0], chain);
    var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(store, new char[0]);
    var context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    return context;
  }
}
