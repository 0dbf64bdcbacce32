/**
 * What every component needs of Kubernetes: names, labels, hardened pods, the view of what is
 * there, and the applier that makes it what was planned.
 */
package ru.scoliologic.staging.cluster;
