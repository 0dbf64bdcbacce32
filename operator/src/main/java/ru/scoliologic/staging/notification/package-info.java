/** Notifications about versions, to users and to GitHub. */
package ru.scoliologic.staging.notification;
