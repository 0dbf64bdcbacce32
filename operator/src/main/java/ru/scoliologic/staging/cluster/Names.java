package ru.scoliologic.staging.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;

/** Names of everything an environment owns: {@code <environment>-<component>}. */
public record Names(String environment) {
  /** Ends the name of every agent's ServiceAccount; the admission policy knows agents by it. */
  public static final String AGENT_SUFFIX = "-gitops-agent";

  public static Names of(HasMetadata environment) {
    return new Names(environment.getMetadata().getName());
  }

  public String traefik() {
    return environment + "-traefik";
  }

  /** The Secret with the users of the dashboard. */
  public String traefikUsers() {
    return environment + "-traefik-users";
  }

  /** The Secret with the way of the operator's own requests through a protected domain. */
  public String traefikCheck() {
    return environment + "-traefik-check";
  }

  public String postgres() {
    return environment + "-postgres";
  }

  /** The volume with the backups of the database. */
  public String postgresBackup() {
    return postgres() + "-backup";
  }

  /** What runs tasks on the database: the script, and the prefix of the Jobs. */
  public String postgresTask() {
    return postgres() + "-task";
  }

  public String redis() {
    return environment + "-redis";
  }

  public String ollama() {
    return environment + "-ollama";
  }

  public String prometheus() {
    return environment + "-prometheus";
  }

  /** The Service at which Traefik's metrics are read. */
  public String traefikMetrics() {
    return environment + "-traefik-metrics";
  }

  /** The Service whose names are the pods of every version of the application. */
  public String appMetrics() {
    return environment + "-app-metrics";
  }

  public String grafana() {
    return environment + "-grafana";
  }

  /** The ConfigMap with the dashboards that come with the operator. */
  public String grafanaDashboards() {
    return environment + "-grafana-dashboards";
  }

  /** The Secret with the certificate that an Ingress asks of an issuer. */
  public static String tls(String ingress) {
    return ingress + "-tls";
  }

  public String app() {
    return environment + "-app";
  }

  /** The Deployment of one version of the application. */
  public String appVersion(String version) {
    return app() + "-" + version;
  }

  /** One attempt to run the migration of one version of the application. */
  public String migration(String version, String attempt) {
    return environment + "-migrate-" + version + "-" + attempt;
  }

  /** What containers that check the environment share: the authority, and who may reach them. */
  public String checks() {
    return environment + "-check";
  }

  /** One run of a container that checks the environment. */
  public String check(String check, String run) {
    return checks() + "-" + check + "-" + run;
  }

  /** The Secret with the application's environment variables. */
  public String appEnvironment() {
    return environment + "-app-env";
  }

  /** The Job of one change of the logins of PostgreSQL or Redis. */
  public String login(String id) {
    return environment + "-login-" + Hash.of(id).substring(0, 10);
  }

  /** The volume of a folder of the application, for example {@code stage-app-app-uploads}. */
  public String appVolume(String path) {
    return app() + path.toLowerCase(java.util.Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
  }

  /** The Secret with what the operator generated. */
  public String credentials() {
    return environment + "-credentials";
  }

  /** The registry that keeps the images of commits. */
  public String registry() {
    return environment + "-registry";
  }

  /** The agent that follows the branch: its Deployment, ServiceAccount, Service and Role. */
  public String agent() {
    return environment + AGENT_SUFFIX;
  }

  /** The ConfigMap with what the agent is to do; it is mounted, never read by the API. */
  public String agentConfig() {
    return agent() + "-config";
  }

  /** The ConfigMap in which the agent says how it fares. */
  public String agentState() {
    return agent() + "-state";
  }

  /** The Secret with the names and passwords for the environment's registry. */
  public String registryUsers() {
    return registry() + "-users";
  }

  /** The Secret with which nodes pull from the environment's registry. */
  public String registryPull() {
    return registry() + "-pull";
  }

  /** The release of a version. */
  public String release(String version) {
    return environment + "-" + version;
  }

  /** The version that a release stands for: what its name adds to the environment's. */
  public String version(String release) {
    return release.substring(environment.length() + 1);
  }

  /**
   * Names the version that a commit is.
   *
   * @param commit full hash
   * @param buildHash of what it is built with
   */
  public static String commitVersion(String commit, String buildHash) {
    return commit.substring(0, 10) + "-" + buildHash.substring(0, 6);
  }
}
