/** The environment's own Traefik: entry points, certificates, dashboard, the way to the app. */
package ru.scoliologic.staging.ingress;
