/** Prometheus and Grafana of the environment. */
package ru.scoliologic.staging.monitoring;
