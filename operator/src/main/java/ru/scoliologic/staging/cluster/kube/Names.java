package ru.scoliologic.staging.cluster.kube;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.Locale;
import ru.scoliologic.staging.cluster.model.ComponentName;

/**
 * Names of all objects of an environment: {@code <environment>-<component>}. An environment's name
 * has at most 40 characters. Only where a name would exceed the limit of its kind, a hash replaces
 * the end of the environment's name. Names are never parsed: labels identify an object.
 */
public record Names(String environment) {
  /** Suffix of every agent's ServiceAccount; the admission policy identifies agents by it. */
  public static final String AGENT_SUFFIX = "-gitops-agent";

  /** Limit for a Job, whose name is also a label of its pods. */
  private static final int LONGEST_JOB = 63;

  /** Limit for a CronJob: its Jobs append 11 characters. */
  private static final int LONGEST_CRON_JOB = 52;

  private static final int LOGIN_LENGTH = 10;
  private static final int HASH_LENGTH = 8;

  public static Names of(HasMetadata environment) {
    return new Names(environment.getMetadata().getName());
  }

  /** The objects of a component that need no further name. */
  public String component(ComponentName component) {
    return environment + "-" + component.label();
  }

  public String traefik() {
    return environment + "-traefik";
  }

  /** The Secret with the dashboard's users. */
  public String traefikUsers() {
    return environment + "-traefik-users";
  }

  /** The Secret with the route of the operator's own requests through a protected domain. */
  public String traefikCheck() {
    return environment + "-traefik-check";
  }

  public String postgres() {
    return environment + "-postgres";
  }

  /** The volume of the database's backups. */
  public String postgresBackup() {
    return postgres() + "-backup";
  }

  /** The CronJob of the regular backups. */
  public String backupSchedule() {
    return fit(LONGEST_CRON_JOB, "-postgres-backup");
  }

  /** The ConfigMap with the script of the database tasks. */
  public String postgresTask() {
    return postgres() + "-task";
  }

  /** The ConfigMap with the start script of PostgreSQL's pod. */
  public String postgresStart() {
    return postgres() + "-operator-start";
  }

  /** The scripts that initialise a new database. */
  public String postgresInit() {
    return postgres() + "-operator-init";
  }

  /** The Job of one database task. */
  public String databaseTask(String command, String id) {
    return fit(LONGEST_JOB, "-postgres-task-" + command + "-" + id);
  }

  public String redis() {
    return environment + "-redis";
  }

  public String prometheus() {
    return environment + "-prometheus";
  }

  /** The Service of Traefik's metrics. */
  public String traefikMetrics() {
    return environment + "-traefik-metrics";
  }

  /** The Service whose DNS name resolves to the pods of every version of the application. */
  public String appMetrics() {
    return environment + "-app-metrics";
  }

  public String grafana() {
    return environment + "-grafana";
  }

  /** The ConfigMap with the dashboards that ship with the operator. */
  public String grafanaDashboards() {
    return environment + "-grafana-dashboards";
  }

  /** The Secret with the certificate that an Ingress requests from an issuer. */
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

  /** The Job of one attempt to migrate to a version. */
  public String migration(String version, String attempt) {
    return fit(LONGEST_JOB, "-migrate-" + version + "-" + attempt);
  }

  /** Objects that the check containers share: the authority and the network policy. */
  public String checks() {
    return environment + "-check";
  }

  /** One run of a check container. */
  public String check(String check, String run) {
    return fit(LONGEST_JOB, "-check-" + check + "-" + run);
  }

  /** The Secret with the application's environment variables. */
  public String appEnvironment() {
    return environment + "-app-env";
  }

  /** The Job of one change of the logins of PostgreSQL or Redis. */
  public String login(String id) {
    return fit(LONGEST_JOB, "-login-" + Hash.of(id).substring(0, LOGIN_LENGTH));
  }

  /** The volume of a folder of the application, for example {@code stage-app-app-uploads}. */
  public String appVolume(String path) {
    return app() + plain(path);
  }

  /** Name in a pod spec of the volume of such a folder, for example {@code v-app-uploads}. */
  public static String podVolume(String path) {
    return "v" + plain(path);
  }

  private static String plain(String path) {
    return path.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
  }

  /** The Secret with the generated credentials. */
  public String credentials() {
    return environment + "-credentials";
  }

  /** The registry for the images of commits. */
  public String registry() {
    return environment + "-registry";
  }

  /** The agent: its Deployment, ServiceAccount, Service and Role. */
  public String agent() {
    return environment + AGENT_SUFFIX;
  }

  /** The ConfigMap with the agent's configuration; the agent mounts it. */
  public String agentConfig() {
    return agent() + "-config";
  }

  /** The ConfigMap in which the agent reports its status. */
  public String agentState() {
    return agent() + "-state";
  }

  /** The Secret with the users of the environment's registry. */
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

  /**
   * Name of the version of a commit.
   *
   * @param commit full hash
   * @param buildHash of the build recipe
   */
  public static String commitVersion(String commit, String buildHash) {
    return commit.substring(0, 10) + "-" + buildHash.substring(0, 6);
  }

  private String fit(int longest, String ending) {
    if (environment.length() + ending.length() <= longest) {
      return environment + ending;
    }
    var begin = environment.substring(0, longest - ending.length() - HASH_LENGTH - 1);
    return begin.replaceAll("-+$", "")
        + "-"
        + Hash.of(environment).substring(0, HASH_LENGTH)
        + ending;
  }
}
