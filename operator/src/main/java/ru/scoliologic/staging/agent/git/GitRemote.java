package ru.scoliologic.staging.agent.git;

import java.io.IOException;
import java.net.URISyntaxException;
import java.security.GeneralSecurityException;
import java.util.Collection;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.api.TransportCommand;
import org.eclipse.jgit.api.errors.GitAPIException;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.Ref;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.transport.RefSpec;
import org.eclipse.jgit.transport.SshTransport;
import org.eclipse.jgit.transport.TagOpt;
import org.eclipse.jgit.transport.Transport;
import org.eclipse.jgit.transport.TransportHttp;
import org.eclipse.jgit.transport.URIish;
import ru.scoliologic.staging.agent.AgentFiles;
import ru.scoliologic.staging.api.GitopsSpec;
import ru.scoliologic.staging.stage.Reason;

/** The repository at its server. Every call reads the credentials again. */
public final class GitRemote {
  private static final int ASK_SECONDS = 20;

  /** Time without a byte; a large repository may take longer in total. */
  private static final int FETCH_SECONDS = 60;

  private static final int NAMED_BRANCHES = 5;

  private final Supplier<GitopsSpec> spec;
  private final AgentFiles files;

  public GitRemote(Supplier<GitopsSpec> spec, AgentFiles files) {
    IsolatedGitConfig.install();
    this.spec = spec;
    this.files = files;
  }

  String branch() {
    return spec.get().branch();
  }

  private String repository() {
    return spec.get().repository();
  }

  private boolean overHttp() {
    return spec.get().overHttp();
  }

  /** The repository's identity, without credentials. */
  String url() {
    return repository();
  }

  /** Requests the commit at the head of the branch; one request, no clone. */
  public String head() throws GitException {
    var heads =
        talk(access ->
            access
                .prepare(Git.lsRemoteRepository().setRemote(address()).setHeads(true))
                .setTimeout(ASK_SECONDS)
                .call());
    if (heads.isEmpty()) {
      throw new GitException(
          Reason.REPOSITORY_EMPTY,
          "The repository has no branch yet: push a commit to %s.".formatted(branch()));
    }
    return heads.stream()
        .filter(ref -> ref.getName().equals(Constants.R_HEADS + branch()))
        .map(ref -> ref.getObjectId().name())
        .findFirst()
        .orElseThrow(() -> branchMissing(heads));
  }

  private GitException branchMissing(Collection<Ref> heads) {
    var there =
        heads.stream()
            .limit(NAMED_BRANCHES)
            .map(ref -> Repository.shortenRefName(ref.getName()))
            .collect(Collectors.joining(", "));
    return new GitException(
        Reason.BRANCH_MISSING,
        "The repository has no branch %s; it has %s%s: push it, or correct spec.gitops.branch."
            .formatted(branch(), there, heads.size() > NAMED_BRANCHES ? " and others" : ""));
  }

  /** Fetches the head of the branch, without its history, to a ref of the clone. */
  void fetchBranch(Repository clone, String ref) throws GitException {
    fetch(clone, Constants.R_HEADS + branch(), ref);
  }

  /** Fetches a commit by its hash, without its history, to a ref of the clone. */
  void fetchCommit(Repository clone, String commit, String ref) throws GitException {
    fetch(clone, commit, ref);
  }

  private void fetch(Repository clone, String source, String ref) throws GitException {
    talk(access ->
        access
            .prepare(
                Git.wrap(clone)
                    .fetch()
                    .setRemote(address())
                    .setRefSpecs(new RefSpec("+" + source + ":" + ref))
                    .setDepth(1)
                    .setTagOpt(TagOpt.NO_TAGS))
            .setTimeout(FETCH_SECONDS)
            .call());
  }

  /** SSH servers for Git use one user name by convention. */
  private String address() throws GitException {
    try {
      if (overHttp()) {
        return GitHttpTransport.address(repository());
      }
      if (!repository().startsWith("ssh://")) {
        return repository();
      }
      var uri = new URIish(repository());
      return uri.getUser() == null ? uri.setUser("git").toString() : repository();
    } catch (URISyntaxException e) {
      throw new GitException(Reason.GIT_FAILED, GitopsSpec.REPOSITORY_MESSAGE, e);
    }
  }

  private <T> T talk(Talk<T> talk) throws GitException {
    try (var access = access()) {
      try {
        return talk.by(access);
      } catch (GitAPIException | RuntimeException e) {
        throw access.trouble(e);
      }
    }
  }

  private Access access() throws GitException {
    if (!overHttp()) {
      return new Access(null, GitSshTransport.of(files));
    }
    try {
      return new Access(GitHttpTransport.of(repository(), files), null);
    } catch (GeneralSecurityException e) {
      throw new GitException(
          Reason.CERTIFICATE_UNTRUSTED,
          "The bundle of spec.gitops.caBundle cannot be read: give certificates in PEM form.",
          e);
    } catch (IOException e) {
      throw new GitException(
          Reason.GIT_FAILED, "The files with the credentials cannot be read.", e);
    }
  }

  private interface Talk<T> {
    T by(Access access) throws GitAPIException, GitException;
  }

  private record Access(GitHttpTransport http, GitSshTransport ssh) implements AutoCloseable {
    private <C extends TransportCommand<C, ?>> C prepare(C command) {
      if (http != null) {
        command.setCredentialsProvider(http.credentials());
      }
      return command.setTransportConfigCallback(this::configure);
    }

    private void configure(Transport transport) {
      if (transport instanceof TransportHttp overHttp) {
        overHttp.setHttpConnectionFactory(http);
      } else if (transport instanceof SshTransport overSsh && ssh != null) {
        overSsh.setSshSessionFactory(ssh.sessions());
      } else {
        throw new IllegalStateException("no way to " + transport.getURI().getScheme());
      }
    }

    private GitException trouble(Exception e) {
      return http != null
          ? GitFailureClassifier.overHttp(http, e)
          : GitFailureClassifier.overSsh(ssh, e);
    }

    @Override
    public void close() {
      if (ssh != null) {
        ssh.close();
      }
    }
  }
}
