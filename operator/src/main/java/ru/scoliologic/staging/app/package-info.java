/** The application: one Deployment a version, and which of them gets the traffic. */
package ru.scoliologic.staging.app;
